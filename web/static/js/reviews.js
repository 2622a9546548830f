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

// What approving would move among the golden queries is worked out while the reviewer reads.
const golden = document.querySelector("[data-golden]");

async function showGolden() {
  try {
    const response = await fetch(golden.dataset.golden, { headers: { "X-KB-Fragment": "golden" } });
    // Without an answer the link stays.
    if (response.ok && !response.redirected) golden.innerHTML = await response.text();
  } catch (error) {
    // So it does when the line is down.
  }
  golden.removeAttribute("aria-busy");
}

if (golden) {
  golden.setAttribute("aria-busy", "true");
  showGolden();
}
