// Markdown beside its page: the server renders, so that the preview never differs from what readers see.
import { say } from "../strings.js";

const PAUSE_MS = 700;

export function startPreview(form, source) {
  const toggle = document.getElementById("toggle-preview");
  const pane = document.getElementById("body-preview");
  if (!toggle) return;
  let timer = 0;
  let number = 0;

  async function draw() {
    number += 1;
    const mine = number;
    const data = new FormData();
    data.set("source", source.value);
    data.set("format", "markdown");
    const token = document.querySelector("meta[name='csrf-token']").content;
    try {
      const answer = await fetch(form.dataset.render, { method: "POST", body: data, headers: { Accept: "application/json", "X-CSRFToken": token } });
      const said = await answer.json();
      if (mine !== number) return;
      // The server's own sanitiser made this; it is the same HTML that readers get.
      if (answer.ok) pane.innerHTML = said.html;
      else pane.textContent = said.title || say("preview_failed");
    } catch (error) {
      if (mine === number) pane.textContent = say("preview_failed");
    }
  }

  toggle.hidden = false;
  toggle.addEventListener("click", () => {
    pane.hidden = !pane.hidden;
    toggle.setAttribute("aria-pressed", String(!pane.hidden));
    document.getElementById("body-panes").classList.toggle("is-split", !pane.hidden);
    if (!pane.hidden) draw();
  });
  source.addEventListener("input", () => {
    if (pane.hidden) return;
    window.clearTimeout(timer);
    timer = window.setTimeout(draw, PAUSE_MS);
  });
}
