// Attachments: choosing or dropping them, progress for each, failures that can be cleared, order and removal.
import { say } from "../strings.js";

export function startFiles(form, autosave) {
  const place = document.getElementById("field-files");
  const uploads = document.getElementById("uploads");
  const chooser = document.getElementById("files");
  let queue = Promise.resolve();

  function row(name) {
    const item = document.createElement("li");
    const label = document.createElement("span");
    label.className = "file-name";
    label.textContent = name;
    const progress = document.createElement("progress");
    progress.max = 1;
    progress.value = 0;
    const words = document.createElement("span");
    words.className = "file-note";
    item.append(label, progress, words);
    uploads.append(item);
    return { item, progress, words };
  }

  function fail(shown, sentence) {
    shown.progress.remove();
    shown.item.classList.add("upload-failed");
    shown.words.textContent = sentence;
    const clear = document.createElement("button");
    clear.type = "button";
    clear.className = "button";
    clear.textContent = say("clear");
    clear.addEventListener("click", () => shown.item.remove());
    shown.item.append(clear);
  }

  function show(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("draft-files");
    document.getElementById("draft-files").replaceWith(document.importNode(fresh, true));
  }

  function send(url, data, shown) {
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open("POST", url);
      request.setRequestHeader("Accept", "application/json");
      request.setRequestHeader("X-CSRFToken", document.querySelector("meta[name='csrf-token']").content);
      request.upload.addEventListener("progress", (event) => {
        if (shown && event.lengthComputable) shown.progress.value = event.loaded / event.total;
      });
      request.addEventListener("loadend", () => {
        let said = {};
        try {
          said = JSON.parse(request.responseText);
        } catch (error) {
          said = {};
        }
        resolve({ ok: request.status === 200, status: request.status, said });
      });
      request.send(data);
    });
  }

  async function upload(file, shown) {
    const data = new FormData();
    data.set("version", form.dataset.version);
    data.set("file", file);
    const { ok, status, said } = await send(form.dataset.files, data, shown);
    if (!ok) {
      fail(shown, status === 413 ? say("file_too_large") : Object.values(said.errors || {})[0] || said.title || say("upload_failed"));
      return;
    }
    shown.item.remove();
    autosave.adopt(said);
    show(said.html);
  }

  // One after the other: each upload moves the draft's version on.
  function take(files) {
    for (const file of files) {
      const shown = row(file.name);
      queue = queue.then(() => autosave.save()).then(() => upload(file, shown)).catch(() => fail(shown, say("upload_failed")));
    }
  }

  chooser.addEventListener("change", () => {
    take([...chooser.files]);
    chooser.value = "";
  });
  for (const kind of ["dragenter", "dragover"]) {
    place.addEventListener(kind, (event) => {
      event.preventDefault();
      place.classList.add("is-over");
    });
  }
  place.addEventListener("dragleave", (event) => {
    if (!place.contains(event.relatedTarget)) place.classList.remove("is-over");
  });
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    event.stopPropagation();
    place.classList.remove("is-over");
    take([...event.dataTransfer.files]);
  });
  place.addEventListener("click", (event) => {
    const button = event.target.closest("button[name='action']");
    if (!button || !button.value.startsWith("file-")) return;
    event.preventDefault();
    if (button.value.startsWith("file-remove") && !window.confirm(say("remove_file"))) return;
    queue = queue.then(() => autosave.save()).then(async () => {
      const data = new FormData();
      data.set("version", form.dataset.version);
      data.set("action", button.value);
      const { ok, said } = await send(form.dataset.files, data, null);
      if (!ok) return;
      autosave.adopt(said);
      show(said.html);
    });
  });
}
