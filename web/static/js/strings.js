// The page's sentences in the reader's language, and filling in their blanks.
const sentences = {};
// A page with much to say brings sentences of its own.
for (const id of ["strings", "more-strings"]) {
  const holder = document.getElementById(id);
  if (holder) Object.assign(sentences, JSON.parse(holder.textContent));
}

export function say(name, values = {}) {
  return (sentences[name] || name).replace(/\{(\w)\}/g, (blank, key) => (key in values ? values[key] : blank));
}
