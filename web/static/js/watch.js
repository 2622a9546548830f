// An article that is open for hours turns to the new version by itself: quietly, in place, with a notice.
import { say } from "./strings.js";

const POLL_MS = 20000;
const LONGEST_TIMER_MS = 3600000;
const reading = document.querySelector("[data-watch]");
let etag = "";
let timer = 0;
// When the next version comes into force, by the clock of this machine: "nothing new" does not tell it again.
let due = Infinity;
let shown = reading ? { number: Number(reading.dataset.number), status: reading.dataset.status } : null;

async function ask() {
  window.clearTimeout(timer);
  let wait = POLL_MS;
  try {
    const headers = etag ? { Accept: "application/json", "If-None-Match": etag } : { Accept: "application/json" };
    const answer = await fetch(reading.dataset.watch, { headers, cache: "no-store" });
    // Rights may have been taken away meanwhile: then the page itself says so when it is asked for.
    if (answer.status === 404 || answer.redirected) return window.location.reload();
    if (answer.ok) {
      etag = answer.headers.get("ETag") || "";
      const found = await answer.json();
      due = found.seconds === null ? Infinity : Date.now() + found.seconds * 1000 + 150;
      if (found.number !== shown.number || found.status !== shown.status) await turn(found);
    }
  } catch (error) {
    // Offline for a moment: copying asks the server anyway, so nothing stale can be handed out.
  }
  const left = due - Date.now();
  if (left > 0) wait = Math.min(wait, Math.max(200, left));
  if (document.visibilityState === "visible") timer = window.setTimeout(ask, Math.min(wait, LONGEST_TIMER_MS));
}

async function turn(found) {
  const answer = await fetch(window.location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".article");
  const old = reading.querySelector(".article");
  if (!fresh || !old) return;
  const hadFocus = old.contains(document.activeElement);
  const notice = document.createElement("p");
  notice.className = "notice notice-info article-turned";
  notice.setAttribute("role", "status");
  const words = document.createElement("span");
  words.textContent = found.number === shown.number
    ? say("turned_status", { n: found.label })
    : say("turned", { n: `V${shown.number}`, m: `V${found.number}` });
  notice.append(words);
  if (found.number !== shown.number) {
    const link = document.createElement("a");
    link.href = `${reading.dataset.compare}?from=${shown.number}&to=${found.number}`;
    link.textContent = say("turned_changes");
    words.append(" ", link);
  }
  const place = window.scrollY;
  old.replaceWith(fresh);
  const title = fresh.querySelector("h1");
  if (title) title.after(notice);
  if (title) document.title = document.title.replace(/^.*?(?= - )/, title.textContent.trim());
  if (hadFocus) document.getElementById("main").focus({ preventScroll: true });
  window.scrollTo({ top: place });
  shown = found;
}

if (reading) {
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") ask();
    else window.clearTimeout(timer);
  });
  ask();
}
