// Keeps the numbers in the bar right while a page stays open; asks once a minute and never disturbs.
const EVERY_MS = 60000;
const holder = document.querySelector("[data-counts]");

export function show(counts) {
  for (const badge of document.querySelectorAll("[data-count]")) {
    const number = counts[badge.dataset.count];
    if (typeof number !== "number") continue;
    badge.textContent = number > 99 ? "99+" : String(number);
    badge.hidden = number === 0;
  }
}

async function ask() {
  if (document.hidden) return;
  try {
    const response = await fetch(holder.dataset.counts, { headers: { Accept: "application/json" } });
    if (response.ok) show(await response.json());
  } catch (error) {
    // The next minute asks again; the numbers shown simply grow old.
  }
}

if (holder) {
  window.setInterval(ask, EVERY_MS);
  document.addEventListener("visibilitychange", ask);
  document.addEventListener("kb:counts", ask);
}
