// The page's sentences in the reader's language, and filling in their blanks.
const holder = document.getElementById("strings");
const sentences = holder ? JSON.parse(holder.textContent) : {};

export function say(name, values = {}) {
  return (sentences[name] || name).replace(/\{(\w)\}/g, (blank, key) => (key in values ? values[key] : blank));
}
