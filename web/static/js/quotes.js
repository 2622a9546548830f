// Passages: choosing one on the page for a comment, and finding the passages of comments again.
const CONTEXT = 32;
const LONGEST = 500;
const CARRIERS = "#body, .say-text";

function textNodes(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  return nodes;
}

// All characters of a carrier without white space, each with the text node and the place it came from.
function folded(root) {
  let text = "";
  const places = [];
  for (const node of textNodes(root)) {
    const data = node.data;
    for (let index = 0; index < data.length; index += 1) {
      if (/\s/.test(data[index])) continue;
      text += data[index];
      places.push([node, index]);
    }
  }
  return { text, places };
}

function squeeze(words) {
  return (words || "").replace(/\s+/g, "");
}

function sharedEnd(one, two) {
  let count = 0;
  while (count < one.length && count < two.length && one[one.length - 1 - count] === two[two.length - 1 - count]) count += 1;
  return count;
}

function sharedStart(one, two) {
  let count = 0;
  while (count < one.length && count < two.length && one[count] === two[count]) count += 1;
  return count;
}

function bestPlace(text, words, prefix, suffix) {
  let best = -1;
  let most = -1;
  for (let start = text.indexOf(words); start >= 0; start = text.indexOf(words, start + 1)) {
    const end = start + words.length;
    const agreement = sharedEnd(text.slice(Math.max(0, start - 64), start), prefix) + sharedStart(text.slice(end, end + 64), suffix);
    if (agreement > most) {
      most = agreement;
      best = start;
    }
  }
  return best;
}

function wrap(places, id) {
  const pieces = [];
  for (const [node, index] of places) {
    const last = pieces[pieces.length - 1];
    if (last && last.node === node) last.end = index + 1;
    else pieces.push({ node, start: index, end: index + 1 });
  }
  for (const { node, start, end } of pieces) {
    const range = document.createRange();
    range.setStart(node, start);
    range.setEnd(node, end);
    const mark = document.createElement("span");
    mark.className = "quoted";
    mark.dataset.comment = id;
    range.surroundContents(mark);
  }
}

export function markQuotes() {
  for (const old of document.querySelectorAll(".quoted")) {
    const parent = old.parentNode;
    old.replaceWith(...old.childNodes);
    parent.normalize();
  }
  for (const said of document.querySelectorAll("[data-quote][data-comment]")) {
    const words = squeeze(said.dataset.quote);
    for (const carrier of document.querySelectorAll(CARRIERS)) {
      const { text, places } = folded(carrier);
      const start = words ? bestPlace(text, words, squeeze(said.dataset.prefix), squeeze(said.dataset.suffix)) : -1;
      if (start < 0) continue;
      wrap(places.slice(start, start + words.length), said.dataset.comment);
      const show = document.querySelector(`[data-show-quote="${said.dataset.comment}"]`);
      if (show) show.hidden = false;
      break;
    }
  }
}

// The chosen words with their surroundings, or null if nothing usable is chosen.
export function chosenQuote() {
  const selection = window.getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  const start = range.startContainer.nodeType === Node.TEXT_NODE ? range.startContainer.parentElement : range.startContainer;
  const carrier = start && start.closest(CARRIERS);
  if (!carrier || !carrier.contains(range.endContainer)) return null;
  const text = selection.toString().trim();
  if (squeeze(text).length < 2) return null;
  const around = range.cloneRange();
  around.selectNodeContents(carrier);
  around.setEnd(range.startContainer, range.startOffset);
  const before = around.toString();
  around.selectNodeContents(carrier);
  around.setStart(range.endContainer, range.endOffset);
  return {
    quote: text.slice(0, LONGEST),
    prefix: before.slice(-CONTEXT),
    suffix: text.length > LONGEST ? text.slice(LONGEST, LONGEST + CONTEXT) : around.toString().slice(0, CONTEXT),
    near: carrier.id === "body" ? String(before.length) : "",
    box: range.getBoundingClientRect(),
  };
}
