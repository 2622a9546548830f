// Commenting: on the chosen passage, in place, with everything typed kept until the server has it.
import { say } from "./strings.js";
import { toast } from "./toast.js";
import { chosenQuote, markQuotes } from "./quotes.js";
import { closeMentions } from "./mentions.js";

const PICK_AFTER_MS = 120;
let pick = null;
let chosen = null;
let timer = 0;

const section = () => document.getElementById("comments");
const form = () => document.getElementById("comment-form");
const draftKey = () => `kb.comment.${form().action}`;

// --- choosing a passage ----------------------------------------------------------------------

function dropPick() {
  if (pick) pick.remove();
  pick = null;
}

function offer() {
  const found = chosenQuote();
  dropPick();
  if (!found) return;
  chosen = found;
  pick = document.createElement("button");
  pick.type = "button";
  pick.className = "button button-primary pick-quote";
  pick.textContent = say("comment_this");
  pick.style.left = `${Math.max(8, Math.min(found.box.left + window.scrollX, document.documentElement.clientWidth - 150))}px`;
  pick.style.top = `${found.box.bottom + window.scrollY + 6}px`;
  // Pressing the button must not take the selection away before it is read.
  pick.addEventListener("mousedown", (event) => event.preventDefault());
  pick.addEventListener("click", () => startComment(found));
  document.body.append(pick);
}

function setQuote(found) {
  const target = form();
  const box = target.querySelector("[data-quote-box]");
  let field = target.elements.quote;
  if (!field) {
    field = document.createElement("input");
    field.type = "hidden";
    field.name = "quote";
    target.append(field);
  }
  field.value = found ? found.quote : "";
  target.elements.prefix.value = found ? found.prefix : "";
  target.elements.suffix.value = found ? found.suffix : "";
  target.elements.near.value = found ? found.near : "";
  target.querySelector("[data-quote-text]").textContent = found ? found.quote : "";
  box.hidden = !found;
}

function startComment(found) {
  dropPick();
  if (found) setQuote(found);
  const target = form();
  target.scrollIntoView({ block: "center" });
  const kind = target.querySelector("[name=kind]:checked");
  if (kind) target.elements.text.focus();
  else target.querySelector("[name=kind]").focus();
}

document.addEventListener("selectionchange", () => {
  if (!form()) return;
  window.clearTimeout(timer);
  timer = window.setTimeout(offer, PICK_AFTER_MS);
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-start-comment]")) startComment(chosenQuote() || null);
  if (event.target.closest("[data-drop-quote]")) {
    setQuote(null);
    form().elements.text.focus();
  }
  const quoted = event.target.closest(".quoted");
  if (quoted) focusOn(`comment-${quoted.dataset.comment}`);
  const show = event.target.closest("[data-show-quote]");
  if (show) showPassage(show.dataset.showQuote);
});

function focusOn(id) {
  const target = document.getElementById(id);
  if (!target) return;
  target.scrollIntoView({ block: "center" });
  target.focus({ preventScroll: true });
}

function showPassage(id) {
  const pieces = document.querySelectorAll(`.quoted[data-comment="${id}"]`);
  for (const old of document.querySelectorAll(".quoted.is-here")) old.classList.remove("is-here");
  pieces.forEach((piece) => piece.classList.add("is-here"));
  if (pieces.length) pieces[0].scrollIntoView({ block: "center" });
}

// --- sending ---------------------------------------------------------------------------------

async function send(sent) {
  const button = sent.querySelector("[type=submit]");
  button.disabled = true;
  try {
    const response = await fetch(sent.action, { method: "POST", body: new FormData(sent), headers: { "X-KB-Fragment": "comments" } });
    const html = await response.text();
    if (response.redirected || !html.includes('id="comments"')) {
      // A login that ended answers with another page; what was typed stays in the form.
      return toast(say(response.status === 404 ? "comment_gone" : "not_saved"), { tone: "bad" });
    }
    if (response.ok && sent.id === "comment-form") forget();
    return replace(html, response.ok);
  } catch (error) {
    return toast(say("not_saved"), { tone: "bad" });
  } finally {
    button.disabled = false;
  }
}

function replace(html, isDone) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const fresh = template.content.querySelector("#comments");
  section().replaceWith(fresh);
  markQuotes();
  setUp();
  if (!isDone) {
    const problem = fresh.querySelector("[role=alert]");
    if (problem) problem.scrollIntoView({ block: "center" });
    return;
  }
  if (fresh.dataset.message) toast(fresh.dataset.message);
  const target = fresh.dataset.fresh && document.getElementById(fresh.dataset.fresh);
  if (!target) return;
  target.classList.add("is-fresh");
  target.scrollIntoView({ block: "nearest" });
  target.focus({ preventScroll: true });
}

document.addEventListener("submit", (event) => {
  const sent = event.target.closest("#comment-form, [data-comment-form]");
  if (!sent || !section() || !section().contains(sent)) return;
  event.preventDefault();
  closeMentions();
  send(sent);
});
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const sent = event.target.closest && event.target.closest("#comment-form, [data-comment-form]");
  if (!sent || event.target.tagName !== "TEXTAREA") return;
  event.preventDefault();
  sent.requestSubmit();
});

document.addEventListener("change", (event) => {
  const field = event.target.closest && event.target.closest("input[name=images]");
  if (field) field.parentElement.querySelector("[data-file-count]").textContent = field.files.length ? ` ${field.files.length}` : "";
});
// A screenshot is pasted, not saved and looked for.
document.addEventListener("paste", (event) => {
  const area = event.target.closest && event.target.closest("#comment-form textarea, [data-comment-form] textarea");
  const files = area ? [...event.clipboardData.files].filter((file) => file.type.startsWith("image/")) : [];
  if (!files.length) return;
  event.preventDefault();
  const field = area.form.elements.images;
  const kept = new DataTransfer();
  [...field.files, ...files].slice(0, 3).forEach((file) => kept.items.add(file));
  field.files = kept.files;
  field.dispatchEvent(new Event("change", { bubbles: true }));
});

// --- what is typed survives leaving the page in this tab ---------------------------------------

function forget() {
  try {
    window.sessionStorage.removeItem(draftKey());
  } catch (error) {
    // Storage may be closed by policy.
  }
}

function setUp() {
  if (!form()) return;
  const text = form().elements.text;
  try {
    if (!text.value) text.value = window.sessionStorage.getItem(draftKey()) || "";
    text.addEventListener("input", () => window.sessionStorage.setItem(draftKey(), text.value));
  } catch (error) {
    // Without storage the text lives as long as the page.
  }
}

if (section()) {
  markQuotes();
  setUp();
}
