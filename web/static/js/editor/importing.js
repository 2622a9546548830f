// Importing a document into the text, with the list of what was lost.
import { say } from "../strings.js";
import { toast } from "../toast.js";
import { listNotice, notice } from "./notices.js";

export function startImport(form, source, rich, autosave) {
  const chooser = document.getElementById("import");
  const title = form.elements.title;
  chooser.closest("label").hidden = !rich;
  if (!rich) return;
  chooser.addEventListener("change", async () => {
    const file = chooser.files[0];
    chooser.value = "";
    if (!file) return;
    notice("import-state", say("importing", { n: file.name }), "info");
    const data = new FormData();
    data.set("document", file);
    const token = document.querySelector("meta[name='csrf-token']").content;
    try {
      const answer = await fetch(form.dataset.import, { method: "POST", body: data, headers: { Accept: "application/json", "X-CSRFToken": token } });
      const said = await answer.json().catch(() => ({}));
      notice("import-state", "");
      if (!answer.ok) {
        toast(said.title || say("import_failed"), { tone: "bad" });
        notice("losses", said.title || say("import_failed"), "bad");
        return;
      }
      rich.append(said.html);
      if (!title.value.trim()) title.value = said.title;
      form.dispatchEvent(new CustomEvent("kb:counts"));
      autosave.changed();
      if (said.losses.length) listNotice("losses", say("imported_with_losses", { n: file.name }), said.losses, "warn");
      else notice("losses", say("imported", { n: file.name }), "info");
    } catch (error) {
      notice("import-state", "");
      notice("losses", say("import_failed"), "bad");
    }
  });
}
