// Notices above the text that stay until their reason is gone; none of them blocks typing.
export function notice(id, text, tone = "info", ways = []) {
  const holder = document.getElementById("editor-notices");
  let line = document.getElementById(id);
  if (!text) {
    if (line) line.remove();
    return;
  }
  if (!line) {
    line = document.createElement("div");
    line.id = id;
    line.setAttribute("role", "status");
    holder.prepend(line);
  }
  line.className = `notice notice-${tone}`;
  line.textContent = "";
  const words = document.createElement("span");
  words.textContent = text;
  line.append(words);
  for (const way of ways) {
    const element = document.createElement(way.url ? "a" : "button");
    element.textContent = way.label;
    if (way.url) {
      element.href = way.url;
      element.target = "_blank";
      element.rel = "noopener";
    } else {
      element.type = "button";
      element.className = "link-button";
      element.addEventListener("click", way.act);
    }
    line.append(element);
  }
}

// A notice with a list, such as what an import lost.
export function listNotice(id, text, lines, tone = "info") {
  notice(id, text, tone);
  const line = document.getElementById(id);
  const box = document.createElement("div");
  box.append(...line.childNodes);
  const list = document.createElement("ul");
  for (const sentence of lines) {
    const item = document.createElement("li");
    item.textContent = sentence;
    list.append(item);
  }
  box.append(list);
  line.append(box);
}
