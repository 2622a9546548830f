// Walking the changes of a comparison, one after the other.
const changes = Array.from(document.querySelectorAll("[data-change]")).filter((row, number, all) => {
  // A run of changed lines counts as one place.
  return number === 0 || row.previousElementSibling !== all[number - 1];
});
let here = -1;

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-change-step]");
  if (!button || !changes.length) return;
  if (here >= 0) changes[here].classList.remove("is-here");
  const by = Number(button.dataset.changeStep);
  here = here < 0 ? (by > 0 ? 0 : changes.length - 1) : (here + by + changes.length) % changes.length;
  changes[here].classList.add("is-here");
  changes[here].scrollIntoView({ block: "center" });
});
