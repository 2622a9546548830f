// Theme, font size and single keys take effect at once and are kept on the server.
import { say } from "./strings.js";
import { toast } from "./toast.js";

const form = document.getElementById("preferences");
const root = document.documentElement;
const THEMES = ["light", "dark", "auto"];

const APPLY = {
  theme(value) {
    root.dataset.theme = value;
    document.dispatchEvent(new CustomEvent("kb:theme"));
  },
  font_size(value) { root.dataset.fontSize = value; },
  single_keys(value) { document.body.dataset.singleKeys = value; },
};

async function keep(name, value) {
  APPLY[name](value);
  for (const button of form.querySelectorAll(`button[name="${name}"]`)) {
    button.setAttribute("aria-pressed", String(button.value === value));
  }
  try {
    const response = await fetch(form.action, {
      method: "POST",
      headers: {
        Accept: "application/json",
        "Content-Type": "application/json",
        "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content,
      },
      body: JSON.stringify({ [name]: value }),
    });
    if (!response.ok) throw new Error(String(response.status));
    toast(say("saved"));
  } catch (error) {
    toast(say("not_saved"), { tone: "bad" });
  }
}

if (form) {
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    // The language changes every word on the page: that takes a new page.
    if (!button || !(button.name in APPLY)) return;
    event.preventDefault();
    keep(button.name, button.value);
  });
  document.addEventListener("kb:next-theme", () => {
    const shown = root.dataset.bsTheme === "dark" ? "light" : "dark";
    keep("theme", THEMES.includes(shown) ? shown : "auto");
  });
}
