// The input method contract: while a word is being composed no key means anything but to the input method.
// Chromium sends the final text in an input event that is still flagged as composing, then compositionend
// and no further input, so what was typed is announced from there, as the event "kb:typed".
const android = /Android/.test(navigator.userAgent);
// Safari sends the keydown of the committing key just after compositionend.
const AFTERMATH_MS = 20;
let composing = false;
let endedAt = -Infinity;

export function isComposing() {
  return composing && !android;
}

function announce(target) {
  target.dispatchEvent(new CustomEvent("kb:typed", { bubbles: true, detail: { android } }));
}

window.addEventListener("compositionstart", () => { composing = true; }, true);
window.addEventListener("compositionend", (event) => {
  composing = false;
  endedAt = event.timeStamp;
  announce(event.target);
}, true);
window.addEventListener("input", (event) => {
  if ((composing || event.isComposing) && !android) return;
  announce(event.target);
}, true);
window.addEventListener("blur", (event) => {
  // A composition that is cut off by leaving the field ends without compositionend in some browsers.
  if (composing && event.target instanceof Element) {
    composing = false;
    announce(event.target);
  }
}, true);
// The one gate before every other keydown handler of the page: capture on window comes first.
window.addEventListener("keydown", (event) => {
  const belongsToInputMethod = event.isComposing || composing || event.keyCode === 229;
  const isAftermath = event.timeStamp - endedAt < AFTERMATH_MS;
  if (!belongsToInputMethod && !isAftermath) return;
  event.stopImmediatePropagation();
  if (isAftermath && event.key === "Enter") event.preventDefault();
}, true);
