// Rich text: the vendored editor over the form's own field, our paste filter, and pictures that become uploads.
import { say } from "../strings.js";
import { toast } from "../toast.js";
import { cleaned } from "./paste.js";
import { fromData, fromRtf, imageFiles, isOwn } from "./pasted_images.js";

const BUTTONS = [
  "paragraph", "bold", "italic", "underline", "strikethrough", "superscript", "subscript", "eraser", "|",
  "ul", "ol", "outdent", "indent", "left", "center", "right", "|",
  "table", "image", "link", "hr", "|", "undo", "redo", "find", "source", "fullsize",
];
const OFF = [
  "about", "add-new-line", "ai-assistant", "class-span", "clean-html", "drag-and-drop", "file", "iframe", "image-processor",
  "media", "paste", "paste-from-word", "paste-storage", "powered-by-jodit", "print", "resize-cells", "spellcheck",
  "speech-recognize", "stat", "video", "xpath",
];

function settings(upload) {
  return {
    language: document.documentElement.lang === "en" ? "en" : "zh_cn",
    buttons: BUTTONS,
    buttonsMD: BUTTONS,
    buttonsSM: BUTTONS,
    buttonsXS: ["paragraph", "bold", "ul", "ol", "table", "image", "link", "undo", "dots"],
    controls: {
      paragraph: { list: { p: say("text"), h2: say("heading", { n: 1 }), h3: say("heading", { n: 2 }), h4: say("heading", { n: 3 }), blockquote: say("quotation") } },
      image: { popup: null, exec: () => upload() },
    },
    disablePlugins: OFF,
    editorClassName: "article-body",
    minHeight: 420,
    height: "auto",
    toolbarSticky: false,
    showCharsCounter: false,
    showWordsCounter: false,
    showXPathInStatusbar: false,
    sourceEditor: "area",
    beautifyHTML: false,
    defaultFontSizePoints: "px",
    imageDefaultWidth: null,
    enter: "p",
    theme: document.documentElement.dataset.bsTheme === "dark" ? "dark" : "default",
  };
}

function asParagraphs(text) {
  const holder = document.createElement("div");
  for (const line of text.replace(/\r\n?/g, "\n").split("\n")) {
    const paragraph = document.createElement("p");
    paragraph.textContent = line;
    if (line.trim()) holder.append(paragraph);
  }
  return holder;
}

// The empty paragraphs in which an editor lets one go on writing are no part of the text.
function withoutEmptyEnd(html) {
  return html.replace(/(?:<p>(?:<br\s*\/?>|&nbsp;|\s)*<\/p>\s*)+$/i, "");
}

export function startRich(form, field) {
  const editor = window.Jodit.make(field, settings(chooseImage));

  async function uploaded(blob) {
    const data = new FormData();
    data.set("image", blob, "image");
    const token = document.querySelector("meta[name='csrf-token']").content;
    const answer = await fetch(form.dataset.images, { method: "POST", body: data, headers: { Accept: "application/json", "X-CSRFToken": token } });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(said.title || say("image_failed"));
    return said;
  }

  function insert(holder) {
    const blocks = holder.querySelector("p, table, ul, ol, h1, h2, h3, h4, h5, h6, blockquote, pre, hr");
    const lone = holder.children.length === 1 && holder.firstElementChild.tagName === "P" ? holder.firstElementChild : null;
    editor.s.focus();
    if (!blocks || lone) editor.s.insertHTML((lone || holder).innerHTML);
    else insertBlocks(holder);
    editor.synchronizeValues();
  }

  // Blocks go after the block that holds the cursor, or instead of it if it is empty: never into a paragraph.
  function insertBlocks(holder) {
    editor.s.isCollapsed() || editor.s.remove();
    const marker = editor.s.current();
    const inCell = marker && closest(marker, "td, th");
    if (inCell) {
      editor.s.insertHTML(holder.innerHTML);
      return;
    }
    let top = marker && marker !== editor.editor ? marker : editor.editor.lastChild;
    while (top && top.parentNode !== editor.editor) top = top.parentNode;
    const nodes = [...holder.childNodes].map((node) => editor.ed.importNode(node, true));
    const isEmpty = top && top.nodeType === 1 && !top.textContent.trim() && !top.querySelector("img, table, hr");
    if (!top) editor.editor.append(...nodes);
    else if (isEmpty) top.replaceWith(...nodes);
    else top.after(...nodes);
    const last = nodes[nodes.length - 1];
    if (last && last.nodeName === "TABLE" && !last.nextElementSibling) {
      // Somewhere to go on writing below a table.
      const below = editor.ed.createElement("p");
      below.append(editor.ed.createElement("br"));
      last.after(below);
      editor.s.setCursorIn(below, true);
    } else if (last) {
      editor.s.setCursorIn(last, false);
    }
  }

  function closest(node, selector) {
    const element = node.nodeType === 1 ? node : node.parentElement;
    return element ? element.closest(selector) : null;
  }

  async function withImages(holder, rtf) {
    const local = [...holder.querySelectorAll("img")].filter((image) => !isOwn(image.getAttribute("src") || ""));
    const beside = local.some((image) => /^file:/i.test(image.getAttribute("src") || "")) ? fromRtf(rtf) : [];
    let lost = 0;
    for (const image of local) {
      const address = image.getAttribute("src") || "";
      const blob = address.startsWith("data:") ? fromData(address) : /^file:/i.test(address) ? beside.shift() : null;
      try {
        const said = blob ? await uploaded(blob) : null;
        if (!said) throw new Error("not on the clipboard");
        image.setAttribute("src", said.url);
      } catch (error) {
        image.replaceWith(`[${say("image")}${image.alt ? `：${image.alt}` : ""}]`);
        lost += 1;
      }
    }
    return lost;
  }

  async function takePaste(transfer) {
    const html = transfer.getData("text/html");
    const text = transfer.getData("text/plain");
    const rtf = transfer.getData("text/rtf");
    const files = imageFiles(transfer);
    const { root, hiddenRows } = html ? cleaned(html) : { root: asParagraphs(text), hiddenRows: 0 };
    // Office programs also send a picture of what was copied; it counts only where there is nothing else.
    if (!root.textContent.trim() && files.length) {
      await insertFiles(files);
      return;
    }
    const lost = await withImages(root, rtf);
    insert(root);
    if (lost) toast(say("images_lost", { n: lost }), { tone: "bad" });
    else if (hiddenRows) toast(say("hidden_rows", { n: hiddenRows }));
  }

  async function insertFiles(files) {
    for (const file of files) {
      try {
        const said = await uploaded(file);
        const image = document.createElement("img");
        image.src = said.url;
        image.alt = file.name.replace(/\.\w+$/, "") === "image" ? "" : file.name.replace(/\.\w+$/, "");
        editor.s.insertHTML(image.outerHTML);
        editor.synchronizeValues();
      } catch (error) {
        toast(error.message || say("image_failed"), { tone: "bad" });
      }
    }
  }

  function chooseImage() {
    const chooser = document.createElement("input");
    chooser.type = "file";
    chooser.accept = "image/png,image/jpeg,image/webp,image/gif";
    chooser.multiple = true;
    editor.s.save();
    chooser.addEventListener("change", () => {
      editor.s.restore();
      insertFiles([...chooser.files]);
    });
    chooser.click();
  }

  editor.editor.addEventListener("paste", (event) => {
    if (!event.clipboardData) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    takePaste(event.clipboardData).catch(() => toast(say("paste_failed"), { tone: "bad" }));
  }, true);
  editor.editor.addEventListener("drop", (event) => {
    const files = event.dataTransfer ? imageFiles(event.dataTransfer) : [];
    if (!files.length) return;
    event.preventDefault();
    event.stopPropagation();
    insertFiles(files);
  }, true);
  editor.editor.setAttribute("lang", "zh-CN");
  editor.editor.setAttribute("aria-label", say("body"));
  let before = editor.value;
  editor.events.on("change", () => {
    if (editor.value === before) return;
    before = editor.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  return {
    flush() {
      editor.synchronizeValues();
      field.value = withoutEmptyEnd(editor.value);
    },
    load(html) {
      editor.value = html;
    },
    append(html) {
      const isEmpty = !editor.editor.textContent.trim() && !editor.editor.querySelector("img, table");
      editor.value = isEmpty ? html : editor.value + html;
    },
  };
}
