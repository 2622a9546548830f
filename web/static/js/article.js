// Reading: walking the hits of the search in this article, the table of contents, printing, the way back.
import { say } from "./strings.js";
import { toast } from "./toast.js";

const article = document.querySelector(".article");
const ways = document.getElementById("hit-ways");
const place = document.getElementById("hit-place");
let here = -1;

// Pieces of one hit share a number; outside of the body every mark is a hit of its own.
function groups() {
  const found = [];
  let last = "";
  for (const mark of article.querySelectorAll("mark")) {
    const number = mark.dataset.hit || "";
    if (number && number === last) found[found.length - 1].push(mark);
    else found.push([mark]);
    last = number;
  }
  return found;
}

const hits = article ? groups() : [];

function step(by) {
  if (!hits.length) return;
  if (here >= 0) hits[here].forEach((mark) => mark.classList.remove("is-here"));
  here = here < 0 ? (by > 0 ? 0 : hits.length - 1) : (here + by + hits.length) % hits.length;
  hits[here].forEach((mark) => mark.classList.add("is-here"));
  hits[here][0].scrollIntoView({ block: "center" });
  place.textContent = say("hits", { n: here + 1, m: hits.length });
}

function toggleMarks(button) {
  const off = article.classList.toggle("marks-off");
  button.setAttribute("aria-pressed", String(!off));
  toast(say(off ? "marks_off" : "marks_on"));
}

if (ways && hits.length) {
  ways.hidden = false;
  place.textContent = say("hit_total", { m: hits.length });
}

document.addEventListener("click", (event) => {
  const walk = event.target.closest("[data-hit-step]");
  if (walk) step(Number(walk.dataset.hitStep));
  const marks = event.target.closest("[data-toggle-marks]");
  if (marks) toggleMarks(marks);
  if (event.target.closest("[data-print]")) window.print();
  const back = event.target.closest("[data-back]");
  // Going back in history keeps the scroll position and the chosen card of the list.
  if (back && cameFrom(back.href) && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    window.history.back();
  }
});

function cameFrom(url) {
  return document.referrer && document.referrer.split("#")[0] === url.split("#")[0] && window.history.length > 1;
}

// --- table of contents -----------------------------------------------------------------------

const lines = new Map();
for (const anchor of document.querySelectorAll(".contents a")) {
  const heading = document.getElementById(decodeURIComponent(anchor.hash.slice(1)));
  if (heading) lines.set(heading, anchor);
}

function spy() {
  let current = null;
  for (const heading of lines.keys()) {
    if (heading.getBoundingClientRect().top > 120 && current) break;
    current = heading;
  }
  for (const [heading, anchor] of lines) {
    if (heading === current) anchor.setAttribute("aria-current", "true");
    else anchor.removeAttribute("aria-current");
  }
}

if (lines.size && "IntersectionObserver" in window) {
  const watcher = new IntersectionObserver(spy, { rootMargin: "-70px 0px -60% 0px" });
  for (const heading of lines.keys()) watcher.observe(heading);
  spy();
}

// --- related articles ------------------------------------------------------------------------

// Asked for when somebody comes to where they stand; until then, and if that fails, a link leads there.
const unrelated = document.querySelector("[data-related]");

async function showRelated() {
  try {
    const answer = await fetch(unrelated.dataset.related, { headers: { "X-KB-Fragment": "related" } });
    if (!answer.ok || answer.redirected) return;
    const template = document.createElement("template");
    template.innerHTML = await answer.text();
    const section = template.content.firstElementChild;
    const focused = unrelated.contains(document.activeElement);
    if (!section) {
      unrelated.remove();
      return;
    }
    unrelated.replaceWith(section);
    if (focused) section.querySelector("a").focus();
  } catch {
    // The link stays.
  }
}

if (unrelated) {
  const watcher = new IntersectionObserver((seen) => {
    if (!seen.some((entry) => entry.isIntersecting)) return;
    watcher.disconnect();
    showRelated();
  }, { rootMargin: "200px" });
  watcher.observe(unrelated);
}
