// The queue by keyboard: J/K walk, X picks, Shift picks a range, A and R decide, U undoes within seconds.
import { say } from "./strings.js";
import { toast } from "./toast.js";
import { isTyping } from "./keys.js";

const UNDO_MS = 8000;
const board = document.getElementById("moderation");
const form = document.getElementById("verdict-form");
const token = document.querySelector("meta[name=csrf-token]").content;
let anchor = -1;
let last = null;

const rows = () => [...document.querySelectorAll(".moderation-row:not(.is-done)")];
const boxOf = (row) => row.querySelector("input[name=id]");
const place = () => rows().findIndex((row) => row.classList.contains("on"));

function activate(index, { focus = true } = {}) {
  const all = rows();
  if (!all.length) return;
  const target = all[Math.max(0, Math.min(all.length - 1, index))];
  all.forEach((row) => row.classList.toggle("on", row === target));
  if (!focus) return;
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: "nearest" });
}

function pick(row, isPicked) {
  const box = boxOf(row);
  if (box.disabled) return;
  box.checked = isPicked;
  row.classList.toggle("is-picked", isPicked);
}

function pickRange(from, to) {
  const all = rows();
  for (let index = Math.min(from, to); index <= Math.max(from, to); index += 1) pick(all[index], true);
}

function count() {
  const picked = rows().filter((row) => boxOf(row).checked).length;
  const words = form.querySelector("[data-selected-count]");
  words.textContent = picked ? say("picked", { n: picked }) : say("pick_all");
  form.querySelector("[data-select-all]").checked = picked > 0 && rows().every((row) => boxOf(row).checked || boxOf(row).disabled);
}

function chosenRows() {
  const picked = rows().filter((row) => boxOf(row).checked);
  if (picked.length) return picked;
  const active = rows()[place()];
  return active && !boxOf(active).disabled ? [active] : [];
}

async function post(url, ids, values = {}) {
  const body = new FormData();
  ids.forEach((id) => body.append("id", id));
  Object.entries(values).forEach(([name, value]) => body.append(name, value));
  const response = await fetch(url, { method: "POST", body, headers: { Accept: "application/json", "X-CSRFToken": token } });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.title || say("not_saved"));
  return answer;
}

async function decide(verdict) {
  const chosen = chosenRows();
  if (!chosen.length) return toast(say("pick_first"));
  const reason = form.elements.reason ? form.elements.reason.value.trim() || form.elements.template.value : "";
  if ((verdict === "reject" || verdict === "hide") && !reason) {
    form.elements.template.focus();
    return toast(say("reason_needed"));
  }
  // The next comment to judge is the one after those that fold away.
  const after = Math.max(0, rows().indexOf(chosen[0]));
  try {
    const answer = await post(board.dataset.verdict, chosen.map((row) => row.dataset.id), { verdict, reason });
    const done = chosen.filter((row) => answer.done.includes(Number(row.dataset.id)));
    if (done.length) collapse(done, answer.text);
    const problems = [...new Set(Object.values(answer.refused))];
    if (problems.length) toast(problems.join(" "), { tone: "bad" });
    shift(done.length);
    activate(Math.min(after, rows().length - 1));
    count();
  } catch (error) {
    toast(error.message || say("not_saved"), { tone: "bad" });
  }
  return undefined;
}

// Rows fold in place and offer to be taken back while that is still possible.
function collapse(done, text) {
  const batch = { ids: done.map((row) => row.dataset.id), rows: [] };
  done.forEach((row, number) => {
    const kept = [...row.childNodes];
    row.classList.remove("on", "is-picked");
    row.classList.add("is-done");
    const words = document.createElement("span");
    words.textContent = number ? "" : text;
    row.replaceChildren(words);
    if (number) row.hidden = true;
    else row.append(undoButton(batch));
    batch.rows.push({ row, kept });
  });
  batch.timer = window.setTimeout(() => {
    done.forEach((row) => row.remove());
    if (last === batch) last = null;
    if (!document.querySelector(".moderation-row")) window.location.reload();
  }, UNDO_MS);
  last = batch;
}

function undoButton(batch) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button";
  button.textContent = `${say("undo")} U`;
  button.addEventListener("click", () => takeBack(batch));
  return button;
}

async function takeBack(batch) {
  window.clearTimeout(batch.timer);
  try {
    const answer = await post(board.dataset.undo, batch.ids);
    for (const { row, kept } of batch.rows) {
      if (!answer.done.includes(Number(row.dataset.id))) {
        row.remove();
        continue;
      }
      row.hidden = false;
      row.classList.remove("is-done");
      row.replaceChildren(...kept);
      pick(row, false);
    }
    shift(-answer.done.length);
    toast(answer.text, { tone: answer.done.length ? "plain" : "bad" });
    activate(rows().indexOf(batch.rows[0].row));
    count();
  } catch (error) {
    toast(error.message || say("not_saved"), { tone: "bad" });
  }
  if (last === batch) last = null;
}

const shown = board.querySelector(".work-tabs [aria-current] b");
function shift(by) {
  if (!shown) return;
  const now = Number(shown.textContent.replace(/\D/g, "")) - by;
  shown.textContent = Math.max(0, now).toLocaleString("en");
}

function onKey(event) {
  const key = event.key.toLowerCase();
  const here = place();
  if (key === "j" || key === "k" || key === "arrowdown" || key === "arrowup") {
    const next = here + (key === "j" || key === "arrowdown" ? 1 : -1);
    activate(next);
    if (event.shiftKey) {
      if (anchor < 0) anchor = Math.max(0, here);
      pickRange(anchor, Math.max(0, place()));
    } else anchor = -1;
  } else if (key === "x" && here >= 0) {
    if (event.shiftKey && anchor >= 0) pickRange(anchor, here);
    else {
      pick(rows()[here], !boxOf(rows()[here]).checked);
      anchor = here;
    }
  } else if (key === "u" && last) takeBack(last);
  else {
    const button = form.querySelector(`[data-verdict-key="${key}"]`);
    if (!button) return;
    decide(button.value);
  }
  count();
  event.preventDefault();
}

if (form) {
  form.querySelector("[data-select-all]").hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (event.submitter) decide(event.submitter.value);
  });
  form.addEventListener("click", (event) => {
    const row = event.target.closest(".moderation-row");
    if (!row || row.classList.contains("is-done")) return;
    const index = rows().indexOf(row);
    const box = event.target.closest("input[name=id]");
    if (box) {
      if (event.shiftKey && anchor >= 0) pickRange(anchor, index);
      pick(row, box.checked);
      anchor = index;
      count();
    }
    activate(index, { focus: !box });
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.closest(".moderation-reason") || event.target.tagName === "BUTTON") return;
    event.preventDefault();
    decide(form.querySelector("[data-verdict-key=r]").value);
  });
  form.querySelector("[data-select-all]").addEventListener("change", (event) => {
    rows().forEach((row) => pick(row, event.target.checked));
    count();
  });
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    if (isTyping(event.target) && event.target.type !== "checkbox") return;
    if (document.body.dataset.singleKeys !== "on" || document.querySelector("dialog[open], details.menu[open]")) return;
    onKey(event);
  });
  activate(0, { focus: false });
  count();
}
