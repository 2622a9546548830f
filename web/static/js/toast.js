// Short messages at the foot of the page, in the one polite live region.
import { say } from "./strings.js";

const SHOWN_MS = 3200;
const SHOWN_WITH_LINK_MS = 12000;

export function toast(text, { tone = "plain", link = null, action = null } = {}) {
  const region = document.getElementById("toasts");
  if (!region) return;
  region.textContent = "";
  const line = document.createElement("div");
  line.className = `toast-line toast-${tone}`;
  const words = document.createElement("span");
  words.textContent = text;
  line.append(words);
  if (action) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = action.label;
    button.addEventListener("click", () => {
      line.remove();
      action.run();
    });
    line.append(button);
  }
  if (link) {
    const anchor = document.createElement("a");
    anchor.href = link.url;
    anchor.textContent = link.label;
    line.append(anchor);
  }
  if (link || action) {
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = say("close");
    close.addEventListener("click", () => line.remove());
    line.append(close);
  }
  region.append(line);
  window.setTimeout(() => line.remove(), link || action ? SHOWN_WITH_LINK_MS : SHOWN_MS);
}

document.addEventListener("kb:toast", (event) => toast(event.detail.text, event.detail));
