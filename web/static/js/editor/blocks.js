// Wording blocks: adding, removing and moving them; without this script they are plain fields.
import { say } from "../strings.js";
import { toast } from "../toast.js";

export function startBlocks(form, changed) {
  const list = document.getElementById("blocks");
  const template = document.getElementById("block-template");
  const add = document.getElementById("add-block");

  function dress() {
    const blocks = [...list.children];
    blocks.forEach((block, at) => {
      block.querySelector(".block-number").textContent = String(at + 1);
      for (const button of block.querySelectorAll("button")) button.hidden = false;
      block.querySelector("[data-block-up]").disabled = at === 0;
      block.querySelector("[data-block-down]").disabled = at === blocks.length - 1;
    });
    form.dispatchEvent(new CustomEvent("kb:counts"));
  }

  function append() {
    list.append(template.content.cloneNode(true));
    dress();
    list.lastElementChild.querySelector("input").focus();
    changed();
  }

  function remove(block) {
    const title = block.querySelector("input").value;
    const text = block.querySelector("textarea").value;
    const after = block.nextElementSibling;
    if ((title || text) && !window.confirm(say("remove_block", { n: title || text.slice(0, 20) }))) return;
    block.remove();
    dress();
    const next = after || list.lastElementChild;
    (next ? next.querySelector("input") : add).focus();
    changed();
    toast(say("block_removed"));
  }

  function move(block, by) {
    const other = by < 0 ? block.previousElementSibling : block.nextElementSibling;
    if (!other) return;
    if (by < 0) other.before(block);
    else other.after(block);
    dress();
    const button = block.querySelector(by < 0 ? "[data-block-up]" : "[data-block-down]");
    (button.disabled ? block.querySelector("input") : button).focus();
    changed();
  }

  add.hidden = false;
  add.addEventListener("click", append);
  list.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const block = button.closest("[data-block]");
    if ("blockRemove" in button.dataset) remove(block);
    if ("blockUp" in button.dataset) move(block, -1);
    if ("blockDown" in button.dataset) move(block, 1);
  });
  // The server adds an empty block for pages without scripts; with them the button does that.
  const last = list.lastElementChild;
  if (last && !last.querySelector("input").value && !last.querySelector("textarea").value) last.remove();
  dress();
}
