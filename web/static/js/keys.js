// The keyboard map. Elements name their keys in data-key; pressing the key clicks what is in reach.
import { say } from "./strings.js";
import { toast } from "./toast.js";

const SEQUENCE_MS = 1000;
const box = document.getElementById("q");
const scope = document.getElementById("scope");
const help = document.getElementById("keys-help");
const hints = document.getElementById("key-hints");
// Full-width forms come from Chinese input methods in their half-way state.
const HALF_WIDTH = { "／": "/", "？": "?", "［": "[", "］": "]", "【": "[", "】": "]" };
let pending = "";
let pendingAt = 0;

export function isTyping(target) {
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

export function isVisible(element) {
  return element.getClientRects().length > 0;
}

function reachable(key) {
  const selector = `[data-key="${CSS.escape(key)}"]`;
  const active = document.querySelector(`.hit.on ${selector}`);
  if (active) return active;
  const preview = document.querySelector(`#preview.is-open ${selector}`);
  if (preview) return preview;
  return [...document.querySelectorAll(selector)].find((element) => !element.closest(".hit, #preview"));
}

function press(key) {
  const element = reachable(key);
  if (!element) {
    if (key === "c" && document.querySelector(".hit.on, .article")) toast(say("no_wording"));
    return false;
  }
  element.click();
  return true;
}

function focusBox() {
  if (!box) return;
  box.focus();
  box.select();
  window.scrollTo({ top: 0 });
}

function cycleScope(step) {
  if (!scope) return;
  scope.selectedIndex = (scope.selectedIndex + step + scope.options.length) % scope.options.length;
  toast(say("scope", { n: scope.selectedOptions[0].textContent }));
  scope.dispatchEvent(new Event("change", { bubbles: true }));
}

function showHelp() {
  if (help && help.showModal && !help.open) help.showModal();
}

function toggleTree() {
  const body = document.body;
  const wide = window.matchMedia("(min-width: 1024px)").matches;
  const isOpen = body.dataset.tree ? body.dataset.tree === "open" : wide;
  body.dataset.tree = isOpen ? "closed" : "open";
  try {
    if (wide) window.localStorage.setItem("kb.tree", body.dataset.tree);
  } catch (error) {
    // Without storage the tree simply opens again on the next page.
  }
}

function withControl(event) {
  const key = event.key.toLowerCase();
  if (key === "k") focusBox();
  else if (key === ".") toggleTree();
  else return;
  event.preventDefault();
}

function single(event) {
  const key = HALF_WIDTH[event.key] || event.key;
  const name = key.length === 1 ? key.toLowerCase() : key;
  const sequence = event.timeStamp - pendingAt < SEQUENCE_MS ? `${pending} ${name}` : name;
  pending = name;
  pendingAt = event.timeStamp;
  if (sequence !== name && press(sequence)) return true;
  if (name === "/") focusBox();
  else if (name === "?") showHelp();
  else if (name === "t") document.dispatchEvent(new CustomEvent("kb:next-theme"));
  else return press(name);
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented) return;
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) return withControl(event);
  if (event.altKey && !event.ctrlKey && event.code === "KeyS") {
    event.preventDefault();
    return cycleScope(event.shiftKey ? -1 : 1);
  }
  if (event.altKey || event.ctrlKey || event.metaKey) return undefined;
  // Who presses "/" by habit in the box that already has the focus does not mean to search for it.
  if (event.target === box && !box.value && (HALF_WIDTH[event.key] || event.key) === "/") return event.preventDefault();
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return undefined;
  if (event.key === "Escape") return escape(event);
  if (event.key.length > 1 || event.key === " " || document.body.dataset.singleKeys !== "on") return undefined;
  if (single(event)) event.preventDefault();
  return undefined;
});

function escape(event) {
  const menu = document.querySelector("details.menu[open], details.more[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (!press("Escape")) {
    return;
  }
  event.preventDefault();
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open], details.more[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  if (event.target.closest("[data-opens='keys-help']")) showHelp();
  if (event.target.closest("[data-toggle-tree]")) toggleTree();
  const toggle = event.target.closest(".tree-toggle");
  if (toggle) {
    const isOpen = toggle.getAttribute("aria-expanded") === "true";
    toggle.setAttribute("aria-expanded", String(!isOpen));
    document.getElementById(toggle.getAttribute("aria-controls")).hidden = isOpen;
  }
  if (event.target.closest("[data-dismiss-hints]")) {
    hints.hidden = true;
    remember("kb.hints", "off");
  }
});

function remember(name, value) {
  try {
    window.localStorage.setItem(name, value);
  } catch (error) {
    // Storage may be closed by policy; then the choice lasts for this page.
  }
}

function recall(name) {
  try {
    return window.localStorage.getItem(name);
  } catch (error) {
    return null;
  }
}

for (const item of document.querySelectorAll(".menu-item[hidden]")) item.hidden = false;
if (hints && recall("kb.hints") !== "off" && document.body.dataset.singleKeys === "on") hints.hidden = false;
if (recall("kb.tree") === "closed" && window.matchMedia("(min-width: 1024px)").matches) document.body.dataset.tree = "closed";
