// Useful or needs work: one key, answered in place; the number of a reason chooses it.
import { toast } from "./toast.js";
import { say } from "./strings.js";
import { isTyping } from "./keys.js";

const bar = document.getElementById("feedback");

function show(answer) {
  const useful = bar.querySelector("[data-useful]");
  useful.setAttribute("aria-pressed", String(answer.useful));
  const why = bar.querySelector(".feedback-why");
  why.toggleAttribute("data-said", !answer.useful);
  why.open = false;
  for (const button of bar.querySelectorAll("[name=reason]")) {
    button.setAttribute("aria-pressed", String(!answer.useful && button.value === answer.reason));
  }
  bar.querySelector("[data-feedback-said]").textContent = answer.text;
}

async function send(form, button) {
  const body = new FormData(form);
  if (button && button.name) body.set(button.name, button.value);
  try {
    const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    const answer = await response.json();
    if (!response.ok) return toast(answer.title || say("not_saved"), { tone: "bad" });
    return show(answer);
  } catch (error) {
    return toast(say("not_saved"), { tone: "bad" });
  }
}

if (bar) {
  bar.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-feedback]");
    if (!form) return;
    event.preventDefault();
    send(form, event.submitter);
  });
  // The reasons are read out and reached by their numbers as soon as they are there.
  bar.querySelector(".feedback-why").addEventListener("toggle", (event) => {
    if (event.target.open) event.target.querySelector("[data-digit]").focus();
  });
  document.addEventListener("keydown", (event) => {
    const why = bar.querySelector(".feedback-why");
    if (event.defaultPrevented || !why.open || isTyping(event.target) || event.ctrlKey || event.altKey || event.metaKey) return;
    const button = /^[1-9]$/.test(event.key) && why.querySelector(`[data-digit="${event.key}"]`);
    if (!button) return;
    event.preventDefault();
    button.click();
  });
}
