// Completing "@" in a comment with the people who may read the article.
const DELAY_MS = 120;
let list = null;
let area = null;
let timer = 0;
let question = 0;
let chosen = 0;

function typedName(field) {
  const before = field.value.slice(0, field.selectionStart);
  const match = /[@＠]([^\s@＠]{1,20})$/.exec(before);
  return match ? match[1] : "";
}

export function closeMentions() {
  if (list) list.remove();
  if (area) area.removeAttribute("aria-activedescendant");
  list = null;
  question += 1;
}

async function ask(field, url) {
  const name = typedName(field);
  closeMentions();
  if (!name) return;
  const mine = question;
  try {
    const response = await fetch(`${url}?q=${encodeURIComponent(name)}`, { headers: { Accept: "application/json" } });
    if (!response.ok) return;
    const answer = await response.json();
    if (mine === question && typedName(field) === name && document.activeElement === field) show(field, answer.people);
  } catch (error) {
    // Without suggestions the name can still be typed.
  }
}

function show(field, people) {
  if (!people.length) return;
  area = field;
  chosen = 0;
  list = document.createElement("div");
  list.className = "mention-list";
  list.id = "mention-list";
  list.setAttribute("role", "listbox");
  people.forEach((person, number) => {
    const row = document.createElement("div");
    row.id = `mention-${number}`;
    row.setAttribute("role", "option");
    const name = document.createElement("span");
    name.lang = "zh-CN";
    name.textContent = person.words;
    const note = document.createElement("small");
    note.textContent = person.note;
    row.append(name, note);
    row.addEventListener("mousedown", (event) => {
      event.preventDefault();
      take(person.words);
    });
    list.append(row);
  });
  const box = field.getBoundingClientRect();
  document.body.append(list);
  list.style.left = `${box.left + window.scrollX + 12}px`;
  list.style.top = `${box.bottom + window.scrollY + 4}px`;
  mark();
}

function mark() {
  [...list.children].forEach((row, number) => row.setAttribute("aria-selected", String(number === chosen)));
  area.setAttribute("aria-activedescendant", `mention-${chosen}`);
}

function take(words) {
  const end = area.selectionStart;
  const start = end - typedName(area).length;
  area.setRangeText(`${words} `, start, end, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
  closeMentions();
}

document.addEventListener("kb:typed", (event) => {
  const field = event.target.closest && event.target.closest("[data-mentions]");
  const form = document.getElementById("comment-form");
  if (!field || !form) return;
  window.clearTimeout(timer);
  timer = window.setTimeout(() => ask(field, form.dataset.mentionable), DELAY_MS);
});
document.addEventListener("keydown", (event) => {
  if (!list || event.target !== area) return;
  const count = list.children.length;
  if (event.key === "ArrowDown") chosen = (chosen + 1) % count;
  else if (event.key === "ArrowUp") chosen = (chosen + count - 1) % count;
  else if (event.key === "Enter" || event.key === "Tab") {
    event.preventDefault();
    take(list.children[chosen].firstChild.textContent);
    return;
  } else if (event.key === "Escape") {
    event.preventDefault();
    closeMentions();
    return;
  } else return;
  event.preventDefault();
  mark();
}, true);
document.addEventListener("focusout", (event) => {
  if (event.target === area) window.setTimeout(closeMentions, 150);
});
