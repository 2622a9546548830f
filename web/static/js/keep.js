// The form behind F: asks where to put an article or a category, and puts it there without leaving the page.
import { say } from "./strings.js";
import { toast } from "./toast.js";

let dialog = null;
let opener = null;

function holder() {
  if (dialog) return dialog;
  dialog = document.createElement("dialog");
  dialog.className = "keep-dialog";
  dialog.setAttribute("aria-labelledby", "keep-title");
  document.body.append(dialog);
  dialog.addEventListener("close", () => { if (opener) opener.focus(); });
  return dialog;
}

async function ask(link) {
  opener = document.activeElement === document.body ? link : document.activeElement;
  let response;
  try {
    response = await fetch(link.href, { headers: { "X-KB-Fragment": "keep" } });
  } catch (error) {
    return toast(say("not_saved"), { tone: "bad" });
  }
  if (!response.ok || response.redirected) return window.location.assign(link.href);
  const box = holder();
  box.innerHTML = await response.text();
  box.querySelector("[data-keep-close]").hidden = false;
  if (!box.open) box.showModal();
  box.querySelector("button[type='submit']").focus();
  return undefined;
}

async function put(form) {
  const problem = form.querySelector(".keep-problem");
  problem.hidden = true;
  try {
    const response = await fetch(form.action, {
      method: "POST", body: new FormData(form), headers: { Accept: "application/json" },
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(Object.values(answer.errors || {})[0] || answer.title || "");
    dialog.close();
    toast(answer.text, { link: { url: answer.url, label: say("open_briefcase") } });
  } catch (error) {
    // What was typed stays in the form.
    problem.textContent = error.message || say("not_saved");
    problem.hidden = false;
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-keep]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    ask(link);
  } else if (event.target.closest("[data-keep-close]")) {
    dialog.close();
  }
});
document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-keep-form]");
  if (!form || !dialog || !dialog.contains(form)) return;
  event.preventDefault();
  put(form);
});
