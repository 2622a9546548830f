// Keeps the numbers in the bar right while pages stay open; asks once a minute and never disturbs.
const EVERY_MS = 60000;
const KEY = `kb.counts.${document.body.dataset.person}`;
const holder = document.querySelector("[data-counts]");

function draw(counts) {
  for (const badge of document.querySelectorAll("[data-count]")) {
    const number = counts[badge.dataset.count];
    if (typeof number !== "number") continue;
    badge.textContent = number > 99 ? "99+" : String(number);
    badge.hidden = number === 0;
  }
}

function keep(counts) {
  try {
    window.sessionStorage.setItem(KEY, JSON.stringify({ at: Date.now(), counts }));
  } catch (error) {
    // Without storage every page asks for itself.
  }
}

function kept() {
  try {
    return JSON.parse(window.sessionStorage.getItem(KEY)) || { at: 0, counts: {} };
  } catch (error) {
    return { at: 0, counts: {} };
  }
}

async function ask() {
  if (document.hidden) return;
  try {
    const response = await fetch(holder.dataset.counts, { headers: { Accept: "application/json" } });
    if (!response.ok) return;
    const counts = await response.json();
    keep(counts);
    draw(counts);
  } catch (error) {
    // The next minute asks again; the numbers shown simply grow old.
  }
}

// What the server wrote into this page is newer than anything kept from the page before.
function start() {
  const before = kept();
  const told = document.querySelector("[data-counts-now]");
  const counts = { ...before.counts };
  delete counts.notifications;
  if (told) counts.announcements = Number(told.dataset.countsNow);
  draw(counts);
  if (told) keep(counts);
  else if (Date.now() - before.at > EVERY_MS || !("announcements" in counts)) ask();
  window.setInterval(ask, EVERY_MS);
  document.addEventListener("visibilitychange", ask);
}

if (holder) start();
