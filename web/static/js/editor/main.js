// The editor page: puts its parts together, counts characters, and knows the keys.
import { say } from "../strings.js";
import { startAutosave } from "./autosave.js";
import { startBlocks } from "./blocks.js";
import { startFiles } from "./files.js";
import { startImport } from "./importing.js";
import { startPreview } from "./preview.js";
import { startRich } from "./rich.js";

const form = document.getElementById("editor");
const source = document.getElementById("field-source");

function count(field) {
  let shown = field.nextElementSibling;
  if (!shown || !shown.classList.contains("count")) {
    shown = document.createElement("output");
    shown.className = "count";
    field.after(shown);
  }
  const limit = Number(field.dataset.count);
  const length = [...field.value].length;
  shown.textContent = say("count", { n: length, m: limit });
  shown.classList.toggle("count-over", length > limit);
}

function countAll() {
  for (const field of form.querySelectorAll("[data-count]")) count(field);
}

function refuseStrayDrops() {
  // A file dropped beside its place would make the browser leave the page.
  for (const kind of ["dragover", "drop"]) {
    window.addEventListener(kind, (event) => {
      if (event.dataTransfer && [...event.dataTransfer.types].includes("Files")) event.preventDefault();
    });
  }
}

function start() {
  document.documentElement.classList.add("has-editor");
  const rich = source.dataset.format === "html" ? startRich(form, source) : null;
  const autosave = startAutosave(form, rich);
  startBlocks(form, () => autosave.changed());
  startFiles(form, autosave);
  startImport(form, source, rich, autosave);
  startPreview(form, source);
  form.addEventListener("input", (event) => {
    if (event.target.dataset && event.target.dataset.count) count(event.target);
    if (event.target.type !== "file") autosave.changed();
  });
  form.addEventListener("change", (event) => {
    if (event.target.type !== "file") autosave.changed();
  });
  form.addEventListener("kb:counts", countAll);
  countAll();
  refuseStrayDrops();
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (button && button.dataset.confirm && !window.confirm(button.dataset.confirm)) {
      event.preventDefault();
      return;
    }
    if (rich) rich.flush();
    if (!button || !("plain" in button.dataset)) autosave.leaving();
  });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    if (event.key.toLowerCase() === "s") {
      event.preventDefault();
      autosave.saveNow();
    } else if (event.key === "Enter") {
      event.preventDefault();
      document.getElementById("submit-draft").click();
    }
  }, true);
  const first = document.getElementById("errors") || document.getElementById("similar");
  const wrong = form.querySelector("[aria-invalid='true']");
  if (wrong && document.getElementById("errors")) wrong.focus();
  else if (first) first.focus();
  form.dataset.ready = "";
}

if (form && source) start();
