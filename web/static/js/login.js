// Says when Caps Lock is on while a password is typed.
const password = document.getElementById("password");
const hint = document.querySelector("[data-caps-hint]");

function tell(event) {
  // Synthetic key events of password managers carry no modifier state.
  if (typeof event.getModifierState !== "function") return;
  hint.hidden = !event.getModifierState("CapsLock");
}

if (password && hint) {
  password.addEventListener("keydown", tell);
  password.addEventListener("keyup", tell);
  password.addEventListener("blur", () => {
    hint.hidden = true;
  });
}
