// Reports copied wording to the server, again and again until it has been taken, also on the next page.
// Whoever logs in next in this tab reports nothing for the one before.
const WHO = document.body.dataset.person;
const KEY = `kb.copied.${WHO}`;
const CALL_KEY = `kb.call.${WHO}`;
const CALL = /^[A-Za-z0-9._:/-]{1,64}$/;
const KEPT_MS = 12 * 3600 * 1000;
const LONGEST_LIST = 50;
let memory = [];

function stored() {
  try {
    return JSON.parse(window.sessionStorage.getItem(KEY)) || [];
  } catch (error) {
    return memory;
  }
}

function store(list) {
  memory = list;
  try {
    window.sessionStorage.setItem(KEY, JSON.stringify(list));
  } catch (error) {
    // Without storage the list lives as long as this page.
  }
}

// The telephone system opens pages with the id of the call; it holds for this tab until the next call.
export function callId() {
  try {
    return window.sessionStorage.getItem(CALL_KEY) || "";
  } catch (error) {
    return "";
  }
}

function noteCall() {
  const given = new URLSearchParams(window.location.search).get("call");
  if (given === null) return;
  try {
    if (CALL.test(given)) window.sessionStorage.setItem(CALL_KEY, given);
    else window.sessionStorage.removeItem(CALL_KEY);
  } catch (error) {
    // Then copies are recorded without the call.
  }
}

function token() {
  const bytes = window.crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function send(item) {
  try {
    const response = await fetch(item.url, {
      method: "POST",
      keepalive: true,
      headers: {
        Accept: "application/json",
        "Content-Type": "application/json",
        "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content,
      },
      body: JSON.stringify({ v: item.v, block: item.block, call: item.call, token: item.token, age: Date.now() - item.at }),
    });
    // What the server refuses for good need not be sent again; a lost login or a busy server is tried later.
    if (response.ok || [400, 404].includes(response.status)) store(stored().filter((other) => other.token !== item.token));
  } catch (error) {
    // Offline: the next page or the next copy sends it.
  }
}

function sendAll() {
  const fresh = stored().filter((item) => Date.now() - item.at < KEPT_MS);
  store(fresh);
  for (const item of fresh) send(item);
}

export function report(item) {
  store([...stored(), { ...item, at: Date.now(), token: token() }].slice(-LONGEST_LIST));
  sendAll();
}

noteCall();
sendAll();
window.addEventListener("online", sendAll);
