// The briefcase page: folders and things by keyboard and by dragging. Each step is also a plain form.
import { isTyping } from "./keys.js";
import { say } from "./strings.js";
import { toast } from "./toast.js";

const token = document.querySelector("meta[name='csrf-token']").content;
const folderLinks = () => [...document.querySelectorAll("#cases ul a")];
const cards = () => [...document.querySelectorAll("#kept > .hit, #sheet > .hit")];
let dragged = null;

async function act(url, values) {
  const body = new FormData();
  for (const [name, value] of Object.entries(values)) body.append(name, value);
  try {
    const response = await fetch(url, {
      method: "POST", body, headers: { Accept: "application/json", "X-CSRFToken": token },
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(Object.values(answer.errors || {})[0] || answer.title || "");
    return true;
  } catch (error) {
    toast(error.message || say("not_saved"), { tone: "bad" });
    return false;
  }
}

function reload(focus) {
  try {
    window.sessionStorage.setItem("kb.case", focus);
  } catch (error) {
    // Without storage the focus begins at the top again.
  }
  window.location.reload();
}

// --- things ----------------------------------------------------------------------------------

function activate(place) {
  const all = cards();
  if (!all.length) return;
  const chosen = Math.max(0, Math.min(all.length - 1, place));
  all.forEach((card, number) => card.classList.toggle("on", number === chosen));
  all[chosen].querySelector(".hit-link").focus({ preventScroll: true });
  all[chosen].scrollIntoView({ block: "nearest" });
}

document.addEventListener("focusin", (event) => {
  const card = event.target.closest(".kept, .sheet-line");
  if (card) cards().forEach((other) => other.classList.toggle("on", other === card));
});

// Opening the sheet of a thing puts the focus on its first field.
document.addEventListener("toggle", (event) => {
  if (event.target.matches(".kept-more") && event.target.open) event.target.querySelector("select").focus();
}, true);

// --- folders ---------------------------------------------------------------------------------

async function onFolder(event, link) {
  const links = folderLinks();
  const place = links.indexOf(link);
  const own = link.dataset.act;
  if (event.key === "ArrowDown" && !event.altKey) (links[place + 1] || link).focus();
  else if (event.key === "ArrowUp" && !event.altKey) (links[place - 1] || link).focus();
  else if (event.key === "ArrowRight" && !event.altKey) activate(0);
  else if (own && event.key === "F2") rename(link);
  else if (own && event.key === "Delete") {
    event.preventDefault();
    if (window.confirm(say("delete_folder", { n: link.dataset.name })) && await act(own, { act: "delete" })) window.location.assign(links[0].href);
    return;
  } else if (own && event.altKey) {
    event.preventDefault();
    await shift(event.key, link, links, place);
    return;
  } else return;
  event.preventDefault();
}

async function shift(key, link, links, place) {
  const own = link.dataset.act;
  let moved = false;
  if (key === "ArrowUp" || key === "ArrowDown") moved = await act(own, { act: key === "ArrowUp" ? "up" : "down" });
  if (key === "ArrowRight") {
    const before = links.slice(0, place).reverse().find((other) => other.dataset.folder && other.dataset.parent === link.dataset.parent);
    if (before) moved = await act(own, { act: "move", parent: before.dataset.folder });
  }
  if (key === "ArrowLeft" && link.dataset.parent) {
    const holder = links.find((other) => other.dataset.folder === link.dataset.parent);
    moved = await act(own, { act: "move", parent: holder.dataset.parent });
  }
  if (moved) reload(link.dataset.folder);
}

function rename(link) {
  const field = document.createElement("input");
  field.className = "form-control";
  field.value = link.dataset.name;
  field.maxLength = 60;
  field.setAttribute("aria-label", say("folder_name"));
  link.hidden = true;
  link.after(field);
  field.focus();
  field.select();
  const leave = () => { field.remove(); link.hidden = false; link.focus(); };
  field.addEventListener("keydown", async (event) => {
    if (event.key === "Escape") leave();
    else if (event.key === "Enter" && await act(link.dataset.act, { act: "rename", name: field.value })) reload(link.dataset.folder);
    else return;
    event.preventDefault();
  });
  field.addEventListener("blur", () => { if (field.isConnected) leave(); });
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
  const link = event.target.closest("#cases ul a");
  if (link) {
    onFolder(event, link);
    return;
  }
  if (event.altKey || document.querySelector("details.more[open]")) return;
  const letters = document.body.dataset.singleKeys === "on";
  const place = cards().findIndex((card) => card.classList.contains("on"));
  if (event.key === "ArrowDown" || (letters && event.key === "j")) activate(place + 1);
  else if (event.key === "ArrowUp" || (letters && event.key === "k")) activate(place - 1);
  else if (event.key === "ArrowLeft") (document.querySelector("#cases a[aria-current]") || folderLinks()[0]).focus();
  else return;
  event.preventDefault();
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-focus-on]");
  if (button) document.getElementById(button.dataset.focusOn).focus();
  if (event.target.closest("[data-print]")) window.print();
});

// --- dragging --------------------------------------------------------------------------------

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest(".kept[draggable='true'], #cases a[data-folder]");
  if (dragged) event.dataTransfer.effectAllowed = "move";
});
document.addEventListener("dragend", () => { dragged = null; });
document.addEventListener("dragover", (event) => {
  const target = event.target.closest("[data-drop]");
  for (const link of folderLinks()) link.classList.toggle("is-over", Boolean(dragged) && link === target);
  if (dragged && target && target !== dragged) event.preventDefault();
});
document.addEventListener("drop", async (event) => {
  const target = event.target.closest("[data-drop]");
  if (!dragged || !target || target === dragged) return;
  event.preventDefault();
  const isThing = Boolean(dragged.dataset.item);
  const into = target.dataset.drop === "0" ? "" : target.dataset.drop;
  const values = isThing ? { act: "move", folder: into } : { act: "move", parent: into };
  if (await act(isThing ? dragged.dataset.item : dragged.dataset.act, values)) reload(target.dataset.folder || "");
});

try {
  const folder = window.sessionStorage.getItem("kb.case");
  window.sessionStorage.removeItem("kb.case");
  const link = folder && document.querySelector(`#cases a[data-folder="${CSS.escape(folder)}"]`);
  if (link) link.focus();
} catch (error) {
  // Without storage there is nothing to come back to.
}
