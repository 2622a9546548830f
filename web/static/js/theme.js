// Runs before the first paint: resolves "follow the system", so that no page flashes in the wrong colours.
(function () {
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  function apply() {
    const choice = root.dataset.theme || "auto";
    root.dataset.bsTheme = choice === "auto" ? (dark.matches ? "dark" : "light") : choice;
  }
  root.classList.add("js");
  apply();
  if (dark.addEventListener) dark.addEventListener("change", apply);
  document.addEventListener("kb:theme", apply);
})();
