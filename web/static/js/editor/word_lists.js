// Word sends its lists as paragraphs that begin with a number or a dot; here they become lists again.
// What a list of HTML would write differently, such as "（一）" or "1.1", stays as text before the paragraph.
const PLACE = /mso-list\s*:\s*l(\d+)\s+level(\d+)/i;
const IGNORED = /mso-list\s*:\s*ignore/i;
const BULLETS = /^[·•●○◦▪■□◆◇➢✓✔\-–—*o§ØvüuqnlÆ\uf000-\uf0ff]$/;
const DECIMAL = /^[(（]?(\d{1,4})[.．、)）]?$/;
const LETTER = /^[(（]?([a-zA-Z])[.．、)）]$/;
const ROMAN = /^[(（]?([ivxIVX]{1,6})[.．、)）]$/;
const SYMBOLS = /font-family\s*:\s*["']?(?:symbol|wingdings|webdings|courier new)/i;
const ROMAN_DIGITS = { i: 1, v: 5, x: 10 };

function style(element) {
  return element.getAttribute("style") || "";
}

function romanValue(text) {
  const digits = [...text.toLowerCase()].map((letter) => ROMAN_DIGITS[letter]);
  return digits.reduce((sum, digit, at) => sum + (digit < (digits[at + 1] || 0) ? -digit : digit), 0);
}

// The paragraph's place in a list: which one, how deep; null if it is no list paragraph.
function placeOf(element) {
  const found = PLACE.exec(style(element));
  return found ? { list: found[1], level: Number(found[2]) } : null;
}

function markerOf(element) {
  return [...element.querySelectorAll("span, font, b, i")].find((piece) => IGNORED.test(style(piece))) || null;
}

// What kind of list writes this marker: {tag, type, value}, or null if none does.
export function kindOf(text, isSymbol, previous) {
  const marker = text.replace(/[\s\u00a0]/g, "");
  if (!marker || isSymbol || BULLETS.test(marker)) return { tag: "ul", type: "", value: 0 };
  let match = DECIMAL.exec(marker);
  if (match) return { tag: "ol", type: "", value: Number(match[1]) };
  match = ROMAN.exec(marker);
  // A lone "i" may be the ninth letter; after "h" it is.
  const follows = previous && previous.tag === "ol" && /^[aA]$/.test(previous.type);
  if (match && !(follows && match[1].length === 1)) {
    return { tag: "ol", type: match[1] === match[1].toLowerCase() ? "i" : "I", value: romanValue(match[1]) };
  }
  match = LETTER.exec(marker);
  if (!match) return null;
  const isSmall = match[1] === match[1].toLowerCase();
  return { tag: "ol", type: isSmall ? "a" : "A", value: match[1].toLowerCase().charCodeAt(0) - 96 };
}

function keepAsText(element, marker) {
  if (!marker) return;
  const text = marker.textContent.replace(/[\s\u00a0]+/g, " ").trim();
  marker.replaceWith(text && /[\w.]$/.test(text) ? `${text} ` : text);
}

function openList(kind, document) {
  const list = document.createElement(kind.tag);
  if (kind.type) list.setAttribute("type", kind.type);
  if (kind.tag === "ol" && kind.value !== 1) list.setAttribute("start", String(kind.value));
  return { element: list, kind, next: kind.value };
}

function fits(open, kind) {
  return open && open.kind.tag === kind.tag && open.kind.type === kind.type && (kind.tag === "ul" || open.next === kind.value);
}

// Puts one paragraph into the lists that are open; opens and closes as its depth asks.
function place(stack, depth, kind, paragraph) {
  const document = paragraph.ownerDocument;
  while (stack.length > depth) stack.pop();
  // Word may begin deeper than one level; HTML cannot skip any.
  const at = Math.min(depth, stack.length + 1) - 1;
  const item = document.createElement("li");
  while (paragraph.firstChild) item.append(paragraph.firstChild);
  if (stack.length > at && !fits(stack[at], kind)) stack.length = at;
  if (stack.length <= at) {
    const opened = openList(kind, document);
    if (at > 0) stack[at - 1].element.lastElementChild.append(opened.element);
    else paragraph.before(opened.element);
    stack.push(opened);
  }
  stack[at].element.append(item);
  stack[at].next += 1;
  paragraph.remove();
}

function previousBlock(element) {
  let before = element.previousSibling;
  while (before && (before.nodeType === 8 || (before.nodeType === 3 && !before.data.trim()))) before = before.previousSibling;
  return before;
}

export function rebuildLists(root) {
  let stack = [];
  for (const paragraph of [...root.querySelectorAll("p, h1, h2, h3, h4, h5, h6, div")]) {
    const where = placeOf(paragraph);
    if (!where || paragraph.closest("li")) continue;
    const marker = markerOf(paragraph);
    if (paragraph.tagName[0] === "H") {
      keepAsText(paragraph, marker);
      continue;
    }
    // A paragraph, a table or another parent between two items ends what is open.
    if (!stack.length || previousBlock(paragraph) !== stack[0].element) stack = [];
    const open = stack[where.level - 1];
    const isSymbol = Boolean(marker && (SYMBOLS.test(style(marker)) || marker.querySelector("[style*='Symbol'], [style*='Wingdings']")));
    const kind = marker ? kindOf(marker.textContent, isSymbol, open && open.kind) : null;
    if (!kind) {
      keepAsText(paragraph, marker);
      continue;
    }
    marker.remove();
    place(stack, where.level, kind, paragraph);
  }
}

// Lists that stand directly in lists, as older programs write them, belong into the item before.
export function nestLists(root) {
  for (const list of [...root.querySelectorAll("ol > ol, ol > ul, ul > ol, ul > ul")]) {
    const before = list.previousElementSibling;
    if (before && before.tagName === "LI") before.append(list);
    else {
      const item = list.ownerDocument.createElement("li");
      list.before(item);
      item.append(list);
    }
  }
}
