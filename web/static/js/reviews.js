// Deciding by keyboard: A asks once more and Enter approves, R goes to the reason.
const approve = document.getElementById("approve-form");
const hint = document.querySelector("[data-confirm-hint]");
const button = document.querySelector("[data-confirms]");
const reasons = document.querySelector("[data-focuses]");
let byKey = false;

document.addEventListener("keydown", (event) => {
  if (event.key === "a" || event.key === "A") byKey = true;
  if (event.key === "Escape" && hint) hint.hidden = true;
}, true);

if (approve) {
  approve.addEventListener("submit", (event) => {
    // A single key must not publish: it only moves to the button, where Enter does.
    if (byKey && document.activeElement !== button) {
      event.preventDefault();
      hint.hidden = false;
      button.focus();
    }
    byKey = false;
  });
}

if (reasons) reasons.addEventListener("click", () => reasons.focus());

for (const field of document.querySelectorAll("#approve-form [name=start]")) {
  field.addEventListener("input", () => {
    approve.querySelector("[name=when][value=at]").checked = true;
  });
}
