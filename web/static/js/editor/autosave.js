// Keeps what is typed: a copy in this browser after 3 s, a draft on the server after 15 s, and again when
// a lost login or connection is back. Two editors never overwrite each other: the server decides by version.
import { say } from "../strings.js";
import { toast } from "../toast.js";
import { notice } from "./notices.js";

const LOCAL_MS = 3000;
const SERVER_MS = 15000;
const LOOK_MS = 30000;

export function startAutosave(form, rich) {
  const key = `kb.draft.${form.dataset.person}.${form.dataset.draft}`;
  const saved = document.getElementById("saved");
  let localTimer = 0;
  let serverTimer = 0;
  let isDirty = "dirty" in form.dataset;
  let isLeaving = false;
  let isStopped = false;
  let running = null;
  let edits = 0;

  function fields() {
    if (rich) rich.flush();
    const data = new FormData(form);
    for (const name of ["document", "files", "action", "similar_seen"]) data.delete(name);
    return data;
  }

  function snapshot() {
    return [...fields()].filter(([name]) => name !== "csrf_token" && name !== "version");
  }

  function keepLocally() {
    try {
      window.localStorage.setItem(key, JSON.stringify({ version: form.dataset.version, at: Date.now(), fields: snapshot() }));
    } catch (error) {
      // Without storage the draft on the server is the only copy.
    }
  }

  function forgetLocally() {
    try {
      window.localStorage.removeItem(key);
    } catch (error) {
      // Nothing was kept either.
    }
  }

  function tell(text, tone = "") {
    saved.textContent = text;
    saved.className = `editor-saved ${tone}`;
  }

  function changed() {
    isDirty = true;
    edits += 1;
    tell(say("unsaved"));
    window.clearTimeout(localTimer);
    localTimer = window.setTimeout(keepLocally, LOCAL_MS);
    if (!serverTimer) serverTimer = window.setTimeout(save, SERVER_MS);
  }

  function adopt(answer) {
    form.dataset.version = String(answer.version);
    form.elements.version.value = String(answer.version);
  }

  function renewToken(token) {
    if (!token) return;
    document.querySelector("meta[name='csrf-token']").content = token;
    for (const field of document.querySelectorAll("input[name='csrf_token']")) field.value = token;
  }

  async function send(byHand) {
    const before = edits;
    const data = fields();
    if (byHand) data.set("by_hand", "1");
    const answer = await fetch(form.dataset.save, { method: "POST", body: data, headers: { Accept: "application/json" } });
    const said = await answer.json().catch(() => ({}));
    if (answer.ok) {
      adopt(said);
      isDirty = edits !== before;
      if (!isDirty) forgetLocally();
      notice("save-trouble", "");
      tell(say("saved_at", { n: said.saved_at }), "is-saved");
      if (isDirty && !serverTimer) serverTimer = window.setTimeout(save, SERVER_MS);
      return true;
    }
    keepLocally();
    if (answer.status === 409) stopForConflict(said);
    else if (answer.status === 401 || answer.status === 400) loginLost();
    else if (answer.status === 422) notice("save-trouble", Object.values(said.errors || {}).join(" ") || said.title, "bad");
    else if (answer.status === 403 || answer.status === 404) {
      isStopped = true;
      notice("save-trouble", said.title || say("not_saved"), "bad");
    } else troubled();
    tell(say("kept_here"), "is-unsaved");
    return false;
  }

  async function save(byHand = false) {
    window.clearTimeout(serverTimer);
    serverTimer = 0;
    if (isStopped || isLeaving) return false;
    if (running) {
      await running;
      if (!isDirty) return true;
    }
    tell(say("saving"));
    running = send(byHand === true).catch(() => {
      keepLocally();
      troubled();
      tell(say("kept_here"), "is-unsaved");
      return false;
    });
    const done = await running;
    running = null;
    return done;
  }

  function troubled() {
    notice("save-trouble", say("no_connection"), "warn", [{ label: say("retry"), act: () => save(true) }]);
    if (!serverTimer) serverTimer = window.setTimeout(save, SERVER_MS);
  }

  function loginLost() {
    notice("save-trouble", say("login_lost"), "warn", [
      { label: say("login_elsewhere"), url: form.dataset.login },
      { label: say("retry"), act: () => look().then(() => save(true)) },
    ]);
  }

  function stopForConflict(said) {
    isStopped = true;
    notice("save-trouble", said.title || say("conflict"), "bad", [
      { label: say("see_both"), act: () => { leaving(); post("save"); } },
    ]);
  }

  function post(action) {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = "action";
    field.value = action;
    form.append(field);
    if (rich) rich.flush();
    HTMLFormElement.prototype.submit.call(form);
  }

  // Asks whether the login still holds, who else is here, and whether somebody saved in between.
  async function look() {
    const answer = await fetch(form.dataset.state, { headers: { Accept: "application/json" } });
    if (answer.status === 401) {
      loginLost();
      return;
    }
    if (!answer.ok) return;
    const said = await answer.json();
    if (String(said.person) !== form.dataset.person) {
      isStopped = true;
      notice("save-trouble", say("other_person"), "bad");
      return;
    }
    renewToken(said.csrf_token);
    notice("others", said.others.length ? say("others", { n: said.others.join("、") }) : "", "warn");
    if (String(said.version) !== form.dataset.version && !running && !isStopped) {
      if (isDirty) stopForConflict({ title: say("conflict") });
      else notice("save-trouble", say("newer"), "warn", [{ label: say("reload"), act: () => { leaving(); window.location.reload(); } }]);
    }
  }

  function leaving() {
    isLeaving = true;
  }

  function restore(kept) {
    // If somebody saved since, the server shall see on what this copy was based.
    adopt({ version: kept.version });
    const lists = {};
    for (const [name, value] of kept.fields) (lists[name] = lists[name] || []).push(value);
    const blocks = document.getElementById("blocks");
    const wanted = (lists.wording_title || []).length;
    while (blocks.children.length < wanted) document.getElementById("add-block").click();
    while (blocks.children.length > wanted) blocks.lastElementChild.remove();
    for (const [name, values] of Object.entries(lists)) {
      const found = form.querySelectorAll(`[name="${CSS.escape(name)}"]`);
      values.forEach((value, at) => { if (found[at] && found[at].type !== "file") found[at].value = value; });
    }
    if (rich) rich.load(form.elements.source.value);
    form.dispatchEvent(new CustomEvent("kb:counts"));
    changed();
  }

  function offerLocalCopy() {
    let kept = null;
    try {
      kept = JSON.parse(window.localStorage.getItem(key) || "null");
    } catch (error) {
      return;
    }
    if (!kept) return;
    // What this person saved after it holds all of it.
    const isOld = Number(kept.version) < Number(form.dataset.version) && form.dataset.savedBy === form.dataset.person;
    if (isOld || JSON.stringify(kept.fields) === JSON.stringify(snapshot())) {
      forgetLocally();
      return;
    }
    const moment = new Date(kept.at).toLocaleString(document.documentElement.lang, { hour12: false, timeZone: form.dataset.zone });
    notice("local-copy", say("local_copy", { n: moment }), "warn", [
      { label: say("take_back"), act: () => { restore(kept); notice("local-copy", ""); } },
      { label: say("drop_copy"), act: () => { forgetLocally(); notice("local-copy", ""); } },
    ]);
  }

  window.addEventListener("beforeunload", (event) => {
    if (!isDirty || isLeaving) return;
    keepLocally();
    event.preventDefault();
    event.returnValue = "";
  });
  // A conflict page or an error page keeps what was typed; coming back must ask again before it is lost.
  window.addEventListener("pageshow", () => { isLeaving = false; });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") look().catch(() => {});
    else if (isDirty) keepLocally();
  });
  window.setInterval(() => { if (document.visibilityState === "visible") look().catch(() => {}); }, LOOK_MS);
  look().catch(() => {});
  // The editor writes HTML a little differently than the server: only what a person types counts.
  window.setTimeout(offerLocalCopy, 0);
  if (isDirty) tell(say("unsaved"));

  async function saveNow() {
    if (await save(true)) toast(say("saved"));
  }

  return { changed, leaving, save, saveNow, isClean: () => !isDirty, adopt };
}
