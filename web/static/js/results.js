// The results page: conditions change the list without a full reload, the keyboard walks the cards,
// and the preview follows. Everything it does is also a plain link or form.
import { say } from "./strings.js";
import { isTyping } from "./keys.js";

const BAR_AFTER_MS = 200;
const SLOW_AFTER_MS = 3000;
const PREVIEW_AFTER_MS = 120;
const holder = document.getElementById("region-holder");
const progress = document.getElementById("progress");
const form = document.getElementById("search-form");
const box = document.getElementById("q");
const scope = document.getElementById("scope");
const moment = document.getElementById("search-moment");
const wide = window.matchMedia("(min-width: 1400px)");
let loading = null;
let previewTimer = 0;
let previewStop = null;
let previews = new Map();
// Lists seen lately, kept in this page alone: the server says whether one is still right, and it is
// gone with the page, so that nobody finds it on the machine after the person has logged out.
const LISTS_KEPT = 20;
const lists = new Map();

const region = () => document.getElementById("region");
const cards = () => [...document.querySelectorAll("#hits > .hit")];
const activeIndex = () => cards().findIndex((card) => card.classList.contains("on"));
const address = () => JSON.parse(region().dataset.address);
const link = (card) => card.querySelector(".hit-link");

// --- changing the list -----------------------------------------------------------------------

async function load(url, { push = true, scroll = null, focus = "" } = {}) {
  if (loading) loading.abort();
  const stop = new AbortController();
  loading = stop;
  const bar = window.setTimeout(() => { progress.hidden = false; }, BAR_AFTER_MS);
  const slow = window.setTimeout(() => showBusy(say("slow"), say("cancel"), () => stop.abort()), SLOW_AFTER_MS);
  region().classList.add("is-busy");
  try {
    const kept = lists.get(new URL(url, window.location.href).href);
    const headers = { "X-KB-Fragment": "results" };
    if (kept) headers["If-None-Match"] = kept.tag;
    const response = await fetch(url, { headers, signal: stop.signal, cache: "no-store" });
    if (response.redirected || response.status === 401) return window.location.assign(url);
    const isKept = Boolean(kept) && response.status === 304;
    if (!response.ok && !isKept) throw new Error(String(response.status));
    const html = isKept ? kept.html : await response.text();
    keep(new URL(url, window.location.href).href, response.headers.get("ETag"), html);
    if (loading !== stop) return undefined;
    if (push) window.history.replaceState({ ...window.history.state, scroll: window.scrollY }, "");
    swap(html, push);
    if (push) window.history.pushState({}, "", region().dataset.url);
    window.scrollTo(0, scroll === null ? 0 : scroll);
    restoreFocus(focus);
  } catch (error) {
    if (loading === stop && error.name !== "AbortError") showBusy(say("busy"), say("retry"), () => load(url, { push }));
    else if (loading === stop) removeBusy();
  } finally {
    window.clearTimeout(bar);
    window.clearTimeout(slow);
    if (loading === stop) {
      loading = null;
      progress.hidden = true;
      if (region()) region().classList.remove("is-busy");
    }
  }
  return undefined;
}

function keep(url, tag, html) {
  lists.delete(url);
  if (!tag) return;
  lists.set(url, { tag, html });
  if (lists.size > LISTS_KEPT) lists.delete(lists.keys().next().value);
}

function swap(html, isNew) {
  holder.innerHTML = html;
  document.title = region().dataset.title;
  previews = new Map();
  const shown = address();
  // The form follows the list, unless the person is already typing the next question.
  if (!isNew || document.activeElement !== box) box.value = shown.q || "";
  scope.value = shown.scope || "all";
  moment.value = shown.as_of || "";
  moment.disabled = !shown.as_of;
  begin(0);
  announce();
}

function announce() {
  const count = document.getElementById("count-text");
  const region = document.getElementById("toasts");
  if (!count || !region) return;
  const words = document.createElement("div");
  words.className = "visually-hidden";
  words.textContent = count.textContent;
  region.textContent = "";
  region.append(words);
}

function restoreFocus(name) {
  if (!name) return;
  const target = document.querySelector(`[data-focus="${CSS.escape(name)}"]`) || document.getElementById("results-title");
  if (target) target.focus({ preventScroll: true });
}

function showBusy(text, label, act) {
  removeBusy();
  const notice = document.createElement("p");
  notice.className = "notice notice-warn";
  notice.id = "busy";
  notice.setAttribute("role", "alert");
  const words = document.createElement("span");
  words.textContent = text;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button";
  button.textContent = label;
  button.addEventListener("click", () => { removeBusy(); act(); });
  notice.append(words, button);
  document.querySelector(".results").prepend(notice);
}

function removeBusy() {
  const notice = document.getElementById("busy");
  if (notice) notice.remove();
}

function searchUrl(parameters) {
  const known = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value) known.set(name, value);
  const text = known.toString();
  return text ? `${form.getAttribute("action")}?${text}` : form.getAttribute("action");
}

function submitSearch() {
  const before = address();
  const text = box.value.trim();
  const chosen = scope.value === "all" ? "" : scope.value;
  // The same words with another scope keep every condition; new words are a new question, of the same moment.
  const state = text === (before.q || "") ? { ...before, page: "" } : { as_of: before.as_of };
  load(searchUrl({ ...state, q: text, scope: chosen }));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  submitSearch();
});
scope.addEventListener("change", () => { if (box.value.trim()) submitSearch(); });

document.addEventListener("click", (event) => {
  const anchor = event.target.closest("#region a[data-partial]");
  if (!anchor || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  load(anchor.href, { focus: anchor.dataset.focus || "results-title" });
});
document.addEventListener("submit", (event) => {
  const filters = event.target.closest("#region form[data-partial]");
  const method = event.submitter && event.submitter.getAttribute("formmethod");
  if (!filters || method === "post") return;
  event.preventDefault();
  const state = Object.fromEntries(new FormData(filters));
  if (state.from || state.to) state.time = "custom";
  load(searchUrl(state), { focus: "results-title" });
});
window.addEventListener("popstate", (event) => {
  const state = event.state || {};
  load(window.location.href, { push: false, scroll: state.scroll || 0 }).then(() => begin(state.active || 0));
});

// --- walking the cards -----------------------------------------------------------------------

function activate(index, { focus = false } = {}) {
  const all = cards();
  if (!all.length) return;
  const place = Math.max(0, Math.min(all.length - 1, index));
  all.forEach((card, number) => card.classList.toggle("on", number === place));
  if (focus) {
    link(all[place]).focus({ preventScroll: true });
    all[place].scrollIntoView({ block: "nearest" });
  }
  window.history.replaceState({ ...window.history.state, active: place }, "");
  if (wide.matches) previewSoon(all[place]);
}

function begin(index) {
  activate(index);
}

function openCard(index, event) {
  const card = cards()[index];
  if (!card) return;
  event.preventDefault();
  link(card).click();
}

document.addEventListener("focusin", (event) => {
  const card = event.target.closest(".hit");
  if (card && !card.classList.contains("on")) activate(cards().indexOf(card));
});
document.addEventListener("kb:to-results", (event) => {
  if (!cards().length || box.value.trim() !== (address().q || "")) return;
  event.preventDefault();
  activate(Math.max(0, activeIndex()), { focus: true });
});
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented) return;
  if (event.altKey && !event.ctrlKey && /^Digit[1-9]$/.test(event.code)) {
    openCard(Number(event.code.slice(5)) - 1, event);
    return;
  }
  if (event.altKey || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
  if (document.querySelector("dialog[open], details.menu[open], details.more[open]")) return;
  walk(event);
});

function walk(event) {
  const onControl = event.target.closest("button, summary, a:not(.hit-link)");
  const letters = document.body.dataset.singleKeys === "on";
  const key = event.key;
  const place = activeIndex();
  if (key === "ArrowDown" || (letters && key === "j")) activate(inList(event) ? place + 1 : place, { focus: true });
  else if (key === "ArrowUp" || (letters && key === "k")) up(event, place);
  else if (key === " " && !onControl) togglePreview();
  else if (key === "Enter" && !onControl && !inList(event)) openCard(place, event);
  else if (key === "Escape" && closePreview()) event.stopPropagation();
  else return;
  event.preventDefault();
}

function inList(event) {
  return Boolean(event.target.closest(".hit"));
}

function up(event, place) {
  if (place > 0 || !inList(event)) activate(inList(event) ? place - 1 : place, { focus: true });
  else box.focus();
}

// --- preview ---------------------------------------------------------------------------------

function previewSoon(card) {
  window.clearTimeout(previewTimer);
  previewTimer = window.setTimeout(() => showPreview(card), PREVIEW_AFTER_MS);
}

async function showPreview(card) {
  const url = card.dataset.preview;
  const body = document.getElementById("preview-body");
  if (previewStop) previewStop.abort();
  previewStop = new AbortController();
  try {
    if (!previews.has(url)) {
      const response = await fetch(url, { headers: { "X-KB-Fragment": "preview" }, signal: previewStop.signal });
      if (!response.ok || response.redirected) throw new Error(String(response.status));
      previews.set(url, await response.text());
    }
    body.innerHTML = previews.get(url);
    const full = body.querySelector("[data-open-full]");
    if (full) full.href = link(card).href;
    document.getElementById("preview").scrollTop = 0;
  } catch (error) {
    if (error.name !== "AbortError") body.textContent = say("preview_failed");
  }
}

function togglePreview() {
  const card = cards()[activeIndex()];
  const pane = document.getElementById("preview");
  if (!card) return;
  if (wide.matches) {
    showPreview(card).then(() => pane.focus({ preventScroll: true }));
  } else if (!closePreview()) {
    pane.classList.add("is-open");
    showPreview(card).then(() => pane.focus({ preventScroll: true }));
  }
}

function closePreview() {
  const pane = document.getElementById("preview");
  const isOpen = pane.classList.contains("is-open");
  const hadFocus = pane.contains(document.activeElement);
  pane.classList.remove("is-open");
  if (isOpen || hadFocus) {
    const card = cards()[activeIndex()];
    if (card) link(card).focus({ preventScroll: true });
  }
  return isOpen || hadFocus;
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close-preview]")) closePreview();
  if (event.target.closest("[data-show-preview]")) {
    activate(cards().indexOf(event.target.closest(".hit")));
    togglePreview();
  }
  const card = event.target.closest(".hit");
  if (card && !event.target.closest("a, button")) activate(cards().indexOf(card));
});

// --- first paint -----------------------------------------------------------------------------

const cameBack = window.performance.getEntriesByType("navigation").some((entry) => entry.type === "back_forward");
const state = window.history.state || {};
window.history.replaceState(state, "", region().dataset.url + window.location.hash);
begin(state.active || 0);
if (cameBack && cards().length) link(cards()[activeIndex()]).focus({ preventScroll: true });
window.addEventListener("pageshow", (event) => {
  if (event.persisted && cards().length) link(cards()[activeIndex()]).focus({ preventScroll: true });
});
