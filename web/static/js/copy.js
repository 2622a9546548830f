// One-key copy of wording and links. Wording is asked from the server at that moment: a page that has been
// open for hours must not hand out words that were replaced since.
import { callId, report } from "./copied.js";
import { say } from "./strings.js";
import { toast } from "./toast.js";

const CHECK_MS = 2500;

async function toClipboard(text) {
  if (navigator.clipboard && window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch (error) {
      // Refused by policy, for instance in a frame: the old way may still be allowed.
    }
  }
  return byCommand(text);
}

// navigator.clipboard does not exist on plain-HTTP intranets.
function byCommand(text) {
  const before = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  area.setAttribute("readonly", "");
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (before && before.focus) before.focus({ preventScroll: true });
  return done;
}

async function fetchWording(url) {
  const stop = new AbortController();
  const timer = window.setTimeout(() => stop.abort(), CHECK_MS);
  try {
    const response = await fetch(url, { headers: { Accept: "application/json" }, signal: stop.signal });
    return response.ok ? await response.json() : null;
  } catch (error) {
    return null;
  } finally {
    window.clearTimeout(timer);
  }
}

// Gives out the words and then reports it: the clipboard never waits for the report.
async function handOut(url, answer, text, block) {
  const done = await toClipboard(text);
  if (!done) return toast(say("copy_failed"), { tone: "bad" });
  const call = callId();
  report({ url: `${url}/copied`, v: answer.number, block, call });
  return toast(say(call ? "copied_call" : "copied", { n: `V${answer.number}`, m: call }));
}

async function copyWording(button) {
  const answer = await fetchWording(button.dataset.copy);
  if (!answer) return toast(say("unchecked"), { tone: "bad" });
  const address = new URL(button.dataset.copy, window.location.href);
  const page = address.pathname.replace(/\/wording$/, "");
  if (!answer.is_current) return refuse(answer, page);
  if (!answer.text) return toast(say("no_wording"));
  const block = Number(address.searchParams.get("block")) || null;
  return handOut(page, answer, answer.text, block);
}

// Words out of force are not handed out; those in force are one click away.
function refuse(answer, page) {
  const link = { url: page, label: say("see_new") };
  const replaced = answer.current_number !== answer.number;
  const words = replaced && answer.offer ? say("outdated", { n: `V${answer.current_number}` }) : say("not_in_force", { n: answer.standing });
  const offer = answer.offer;
  const action = offer && {
    label: say("copy_current", { n: `V${offer.number}` }),
    run: () => handOut(page, offer, offer.text, offer.block),
  };
  return toast(words, { tone: "bad", link: replaced ? link : null, action });
}

async function copyLink(button) {
  const done = await toClipboard(new URL(button.dataset.copyLink, window.location.href).href);
  toast(say(done ? "copied_link" : "copy_failed"), { tone: done ? "plain" : "bad" });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-copy-link]");
  if (!button) return;
  event.preventDefault();
  if ("copy" in button.dataset) copyWording(button);
  else copyLink(button);
});
