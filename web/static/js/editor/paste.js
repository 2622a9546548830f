// Cleans what is pasted from Word, Excel, WPS and the web: keeps structure, drops the programs' own junk.
import { nestLists, rebuildLists } from "./word_lists.js";

const KEPT = new Set(("p br h1 h2 h3 h4 h5 h6 ul ol li table caption thead tbody tfoot tr td th strong em u s sub sup a img " +
  "blockquote pre code hr dl dt dd mark del ins small kbd").split(" "));
const RENAMED = { b: "strong", i: "em", strike: "s", dir: "ul", menu: "ul", tt: "code" };
const GONE = new Set(("style script meta link title head xml object embed iframe svg math canvas audio video form input select " +
  "textarea button noscript template col colgroup").split(" "));
const BLOCKS = new Set(("p h1 h2 h3 h4 h5 h6 ul ol li table caption thead tbody tfoot tr td th blockquote pre hr dl dt dd").split(" "));
const HAN = "\u2e80-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef";
const WRAPPED = new RegExp(`([${HAN}])[ \\t]*[\\r\\n]+[ \\t]*(?=[${HAN}])`, "g");

function style(element) {
  return element.getAttribute("style") || "";
}

function styleValue(element, name) {
  const found = new RegExp(`(?:^|;)\\s*${name}\\s*:\\s*([^;]+)`, "i").exec(style(element));
  return found ? found[1].trim().toLowerCase() : "";
}

// Between <![if !supportMisalignedRows]> and <![endif]> Word puts cells that only old programs need.
function dropConditional(root) {
  const walker = root.ownerDocument.createTreeWalker(root, NodeFilter.SHOW_COMMENT);
  const comments = [];
  while (walker.nextNode()) comments.push(walker.currentNode);
  for (const comment of comments) {
    if (/\[if !supportMisaligned/i.test(comment.data)) {
      let next = comment.nextSibling;
      while (next && !(next.nodeType === 8 && /endif/i.test(next.data))) {
        const after = next.nextSibling;
        next.remove();
        next = after;
      }
    }
    comment.remove();
  }
}

function isHidden(element) {
  return styleValue(element, "display") === "none" || /mso-hide\s*:\s*all/i.test(style(element));
}

function dropHidden(root) {
  let rows = 0;
  for (const element of [...root.querySelectorAll("[style]")]) {
    if (!isHidden(element)) continue;
    if (element.tagName === "TR" && element.textContent.trim()) rows += 1;
    element.remove();
  }
  // The last row of Word's tables only sets widths.
  for (const row of [...root.querySelectorAll("tr[height='0']")]) if (!row.textContent.trim()) row.remove();
  return rows;
}

// Headings that a document marks by class or outline level only.
function nameHeadings(root) {
  for (const paragraph of [...root.querySelectorAll("p")]) {
    const outline = /mso-outline-level\s*:\s*([1-6])/i.exec(style(paragraph));
    const isTitle = /\bMsoTitle\b/.test(paragraph.className);
    if (!outline && !isTitle) continue;
    if (!paragraph.textContent.trim() || paragraph.closest("td, th, li")) continue;
    const heading = root.ownerDocument.createElement(`h${isTitle ? 1 : outline[1]}`);
    heading.setAttribute("style", style(paragraph));
    while (paragraph.firstChild) heading.append(paragraph.firstChild);
    paragraph.replaceWith(heading);
  }
}

function isGoogleWrapper(element) {
  return element.tagName === "B" && styleValue(element, "font-weight") === "normal";
}

// The inline tags that the style of a span stands for.
function meant(element) {
  const tags = [];
  const weight = styleValue(element, "font-weight");
  if (weight === "bold" || weight === "bolder" || Number(weight) >= 600) tags.push("strong");
  if (styleValue(element, "font-style") === "italic") tags.push("em");
  const line = `${styleValue(element, "text-decoration")} ${styleValue(element, "text-decoration-line")}`;
  if (/underline/.test(line)) tags.push("u");
  if (/line-through/.test(line)) tags.push("s");
  const raised = styleValue(element, "vertical-align");
  if (raised === "super") tags.push("sup");
  if (raised === "sub") tags.push("sub");
  return tags;
}

function alignment(element) {
  const value = styleValue(element, "text-align") || (element.getAttribute("align") || "").toLowerCase();
  return value === "center" || value === "right" ? value : "";
}

function wholeNumber(element, name, limit) {
  const value = Number(element.getAttribute(name));
  return Number.isInteger(value) && value > 1 && value <= limit ? String(value) : "";
}

function copyAttributes(from, to, tag) {
  const aligned = /^(p|h[1-6]|td|th)$/.test(tag) && alignment(from);
  if (aligned) to.style.textAlign = aligned;
  if (tag === "td" || tag === "th") {
    for (const name of ["rowspan", "colspan"]) {
      const value = wholeNumber(from, name, 1000);
      if (value) to.setAttribute(name, value);
    }
  } else if (tag === "ol") {
    const start = from.getAttribute("start");
    if (start && /^\d{1,6}$/.test(start) && start !== "1") to.setAttribute("start", start);
    if (/^[aAiI]$/.test(from.getAttribute("type") || "")) to.setAttribute("type", from.getAttribute("type"));
  } else if (tag === "a") {
    to.setAttribute("href", from.getAttribute("href"));
  } else if (tag === "img") {
    for (const name of ["src", "alt", "width", "height"]) if (from.getAttribute(name)) to.setAttribute(name, from.getAttribute(name));
  }
}

// Where a node's content goes: new elements below `into`, the innermost of them, or nothing for what only wraps.
function target(node, into) {
  const document = into.ownerDocument;
  const name = node.tagName.toLowerCase();
  let tag = RENAMED[name] || name;
  if (tag === "a" && !/^(https?:|mailto:|tel:|\/(?!\/))/i.test(node.getAttribute("href") || "")) tag = "span";
  if (isGoogleWrapper(node)) tag = "span";
  if (tag === "div" || tag === "section" || tag === "article") tag = node.querySelector("p, div, table, ul, ol, h1, h2, h3, h4, h5, h6") ? "span" : "p";
  // A paragraph cannot hold a block: then it is only a wrapper.
  if (tag === "p" && node.querySelector("table, ul, ol, p")) tag = "span";
  let place = into;
  if (KEPT.has(tag)) {
    const made = document.createElement(tag);
    copyAttributes(node, made, tag);
    place.append(made);
    place = made;
  }
  for (const inline of BLOCKS.has(tag) && !/^(td|th|p|li)$/.test(tag) ? [] : meant(node)) {
    if (place.closest && place.closest(inline)) continue;
    const made = document.createElement(inline);
    place.append(made);
    place = made;
  }
  return place;
}

function copy(from, into, isPreformatted) {
  for (const node of [...from.childNodes]) {
    if (node.nodeType === 3) {
      let text = isPreformatted ? node.data : node.data.replace(WRAPPED, "$1").replace(/[ \t\r\n\u00a0]+/g, " ");
      if (!isPreformatted && into.lastChild && into.lastChild.nodeName === "BR") text = text.replace(/^ /, "");
      if (text) into.append(text);
    } else if (node.nodeType === 1 && !GONE.has(node.tagName.toLowerCase())) {
      copy(node, target(node, into), isPreformatted || node.tagName === "PRE");
    }
  }
}

const isBlank = (element) => !element.textContent.trim() && !element.querySelector("img, br, hr");

function tidy(root) {
  for (const element of [...root.querySelectorAll("strong, em, u, s, sub, sup, a, code, mark, small")].reverse()) {
    if (isBlank(element)) element.replaceWith(...element.childNodes);
  }
  for (const cell of root.querySelectorAll("td, th, li")) {
    const only = cell.children.length === 1 && cell.firstElementChild.tagName === "P" ? cell.firstElementChild : null;
    const isAlone = only && [...cell.childNodes].every((node) => node === only || (node.nodeType === 3 && !node.data.trim()));
    if (!isAlone) continue;
    if (only.style.textAlign && !cell.style.textAlign && cell.tagName !== "LI") cell.style.textAlign = only.style.textAlign;
    only.replaceWith(...only.childNodes);
  }
  for (const block of root.querySelectorAll("p, h1, h2, h3, h4, h5, h6, li, td, th")) trimEdges(block);
  for (const block of [...root.querySelectorAll("p, h1, h2, h3, h4, h5, h6, blockquote, ul, ol")].reverse()) if (isBlank(block)) block.remove();
  for (const holder of [root, ...root.querySelectorAll("table, thead, tbody, tfoot, tr, ul, ol, dl, blockquote")]) {
    for (const node of [...holder.childNodes]) {
      if (node.nodeType === 3 && !node.data.trim() && (holder !== root || root.querySelector("p, table, ul, ol, h1, h2, h3"))) node.remove();
    }
  }
}

function trimEdges(block) {
  const walker = block.ownerDocument.createTreeWalker(block, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) if (walker.currentNode.parentNode.closest("p, h1, h2, h3, h4, h5, h6, li, td, th") === block) texts.push(walker.currentNode);
  if (!texts.length || block.querySelector("pre")) return;
  texts[0].data = texts[0].data.replace(/^[ \u3000]+/, "");
  const last = texts[texts.length - 1];
  if (last === block.lastChild || block.lastElementChild === null || block.lastElementChild.contains(last)) last.data = last.data.replace(/ +$/, "");
}

// Loose text between blocks becomes paragraphs, so that no sentence stands outside of any.
function wrapLoose(root) {
  if (!root.querySelector(":scope > p, :scope > table, :scope > ul, :scope > ol, :scope > h1, :scope > h2, :scope > h3, :scope > h4")) return;
  let open = null;
  for (const node of [...root.childNodes]) {
    const isBlock = node.nodeType === 1 && BLOCKS.has(node.tagName.toLowerCase());
    if (isBlock) open = null;
    else {
      if (!open) {
        open = root.ownerDocument.createElement("p");
        node.before(open);
      }
      open.append(node);
    }
  }
}

// Returns the clean HTML of a paste, and how many hidden table rows were left out. Images keep their
// addresses, which mean nothing yet: the caller uploads them.
export function cleaned(html) {
  const source = new DOMParser().parseFromString(html, "text/html");
  const body = source.body;
  dropConditional(body);
  const hiddenRows = dropHidden(body);
  rebuildLists(body);
  nameHeadings(body);
  nestLists(body);
  const clean = source.createElement("div");
  copy(body, clean, false);
  nestLists(clean);
  tidy(clean);
  wrapLoose(clean);
  return { root: clean, hiddenRows };
}
