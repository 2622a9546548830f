// The list under the search box: asked 150 ms after typing stops, dropped if it comes too late.
import { say } from "./strings.js";

const DELAY_MS = 150;
const ANDROID_DELAY_MS = 300;
const box = document.getElementById("q");
const form = document.getElementById("search-form");
const list = document.getElementById("suggestions");
const ICONS = { article: "file-earmark-text", completion: "search", recent: "clock-history", hot: "fire", node: "folder2-open" };
const sprite = spriteAddress();
let timer = 0;
let question = 0;
let stop = null;
let chosen = -1;

function spriteAddress() {
  const use = document.querySelector("svg.icon use");
  return use ? use.getAttribute("href").split("#")[0] : "";
}

function options() {
  return [...list.querySelectorAll("[role=option]")];
}

function close() {
  window.clearTimeout(timer);
  question += 1;
  if (stop) stop.abort();
  list.hidden = true;
  list.textContent = "";
  chosen = -1;
  box.setAttribute("aria-expanded", "false");
  box.removeAttribute("aria-activedescendant");
}

function isAskable(text) {
  return text.length === 0 || /[^\x00-\x7f]/.test(text) || text.length >= 2;
}

function later(delay) {
  window.clearTimeout(timer);
  const text = box.value.trim();
  if (!isAskable(text)) return close();
  timer = window.setTimeout(() => ask(text), delay);
  return undefined;
}

async function ask(text) {
  if (stop) stop.abort();
  stop = new AbortController();
  question += 1;
  const mine = question;
  try {
    const asOf = new URLSearchParams(window.location.search).get("as_of");
    const past = asOf ? `&as_of=${encodeURIComponent(asOf)}` : "";
    const url = `${form.dataset.suggest}?q=${encodeURIComponent(text)}${past}`;
    const response = await fetch(url, { headers: { Accept: "application/json" }, signal: stop.signal });
    if (!response.ok) return;
    const answer = await response.json();
    // The text may have changed, the search may have been sent, the box may have been left meanwhile.
    if (mine !== question || box.value.trim() !== text || document.activeElement !== box) return;
    show(answer.groups);
  } catch (error) {
    // Suggestions are a courtesy: without them the search works the same.
  }
}

function show(groups) {
  list.textContent = "";
  chosen = -1;
  box.removeAttribute("aria-activedescendant");
  let number = 0;
  for (const group of groups) {
    const holder = document.createElement("div");
    holder.setAttribute("role", "group");
    const label = document.createElement("div");
    label.className = "suggestion-label";
    label.id = `suggestion-group-${group.kind}`;
    label.textContent = group.label;
    holder.setAttribute("aria-labelledby", label.id);
    holder.append(label);
    for (const item of group.items) {
      holder.append(option(item, group.kind, number));
      number += 1;
    }
    list.append(holder);
  }
  list.hidden = number === 0;
  box.setAttribute("aria-expanded", String(number > 0));
}

function option(item, kind, number) {
  const row = document.createElement("div");
  row.className = "suggestion";
  row.id = `suggestion-${number}`;
  row.setAttribute("role", "option");
  row.setAttribute("aria-selected", "false");
  row.dataset.url = item.url;
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("class", "icon");
  icon.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${ICONS[kind]}`);
  icon.append(use);
  row.append(icon, words(item));
  if (item.note) {
    const note = document.createElement("small");
    note.textContent = item.note;
    row.append(note);
  }
  return row;
}

function words(item) {
  const holder = document.createElement("span");
  holder.lang = "zh-CN";
  // Positions are counted in characters, JavaScript counts in UTF-16 units.
  const characters = Array.from(item.text);
  let position = 0;
  for (const [start, end] of item.marks) {
    holder.append(characters.slice(position, start).join(""));
    const mark = document.createElement("mark");
    mark.textContent = characters.slice(start, end).join("");
    holder.append(mark);
    position = end;
  }
  holder.append(characters.slice(position).join(""));
  return holder;
}

function choose(index) {
  const rows = options();
  chosen = (index + rows.length + 1) % (rows.length + 1);
  rows.forEach((row, place) => row.setAttribute("aria-selected", String(place === chosen)));
  if (chosen < rows.length) {
    box.setAttribute("aria-activedescendant", rows[chosen].id);
    rows[chosen].scrollIntoView({ block: "nearest" });
  } else {
    // One step past either end leads back to the box itself.
    chosen = -1;
    box.removeAttribute("aria-activedescendant");
  }
}

function open(row, event) {
  const url = row.dataset.url;
  close();
  if (event.ctrlKey || event.metaKey) window.open(url, "_blank", "noopener");
  else window.location.assign(url);
}

function onKey(event) {
  const isOpen = !list.hidden;
  if (event.altKey) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const step = event.key === "ArrowDown" ? 1 : -1;
    if (isOpen) choose(chosen === -1 && step === -1 ? options().length - 1 : chosen + step);
    else if (step === 1 && !document.dispatchEvent(new CustomEvent("kb:to-results", { cancelable: true }))) close();
    else if (step === 1) later(0);
  } else if (event.key === "Enter" && chosen >= 0) {
    open(options()[chosen], event);
  } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    window.open(`${form.action}?${new URLSearchParams(new FormData(form))}`, "_blank", "noopener");
  } else if (event.key === "Escape") {
    if (isOpen) close();
    else if (box.value) box.value = "";
    else box.blur();
  } else {
    return;
  }
  event.preventDefault();
}

if (box && form && list) {
  box.addEventListener("kb:typed", (event) => later(event.detail.android ? ANDROID_DELAY_MS : DELAY_MS));
  box.addEventListener("keydown", onKey);
  box.addEventListener("blur", () => window.setTimeout(close, 150));
  box.addEventListener("click", () => { if (list.hidden && !box.value) later(0); });
  form.addEventListener("submit", close);
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const row = event.target.closest("[role=option]");
    if (row) open(row, event);
  });
  list.setAttribute("data-count-text", say("suggestions"));
}
