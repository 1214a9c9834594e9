// Plays a learning package: the SCORM API beside its content, and every change kept at once.
// Browsers drop `unload`, so nothing here waits for it: what changes is sent after a moment, and what is not
// sent yet goes when the page hides. Without a network it is kept in this browser and sent later.
const config = JSON.parse(document.getElementById("package").textContent);
const frame = document.querySelector("[data-content]");
const saved = document.querySelector("[data-saved]");
const WAIT = 700; // milliseconds a change waits for the next one
const PENDING = `portal:package:${config.key}`;
const is12 = config.standard === "scorm12";

let api, part, sequence, timer, sending, dirty = false, over = false, closed = false, retry = 0;

// Keeping -----------------------------------------------------------------------------------------------
function say(text, isBad) {
  saved.textContent = text;
  saved.classList.toggle("bad", Boolean(isBad));
}

function told() {
  if (!part.reports) return {};
  // With the total time as it stands: a tab that is killed never says how long it was open.
  const rendered = api.renderCommitCMI(false, true);
  return rendered.cmi ?? rendered;
}

function changed(now) {
  if (!config.save || closed) return;
  dirty = true;
  clearTimeout(timer);
  if (now) send();
  else timer = setTimeout(send, WAIT);
}

function remember(body) {
  try {
    if (body) localStorage.setItem(PENDING, JSON.stringify({ save: config.save, body }));
    else localStorage.removeItem(PENDING);
  } catch { /* no storage here: the next try has to do */ }
}

async function send(isLast) {
  clearTimeout(timer);
  if (!dirty || closed || (sending && !isLast)) return;
  dirty = false;
  sequence += 1;
  const body = JSON.stringify({ part: part.id, sequence, data: told(), over });
  remember(body);
  sending = true;
  try {
    // A page that goes may send 64 kB; what is larger was sent when it changed.
    const keepalive = body.length < 60000;
    const answer = await fetch(config.save, { method: "POST", body, keepalive, headers: { "Content-Type": "text/plain" } });
    if (answer.status === 409) return stop("You opened this in another window, which saves from now on.");
    if (!answer.ok && answer.status < 500) return stop("This window is open too long. Open the module again to go on.");
    if (!answer.ok) throw new Error(String(answer.status));
    retry = 0;
    remember(null);
    say("Saved");
  } catch {
    dirty = true;
    retry = Math.min(retry + 1, 5);
    say("Not saved yet: no connection. Keep this window open.", true);
    timer = setTimeout(send, 1000 * 2 ** retry);
  } finally {
    sending = false;
  }
  if (dirty && !timer) changed();
}

function stop(text) {
  closed = true;
  remember(null);
  say(text, true);
}

function leaving() {
  if (!config.save || closed || !api) return;
  send(true);
}
addEventListener("pagehide", leaving);
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") leaving(); });
addEventListener("online", () => changed(true));

/** What an earlier window could not send any more; true when it is kept now and the page has to start anew. */
async function sendPending() {
  if (!config.save) return false;
  let pending;
  try { pending = JSON.parse(localStorage.getItem(PENDING)); } catch { return false; }
  if (!pending) return false;
  try {
    const answer = await fetch(pending.save, { method: "POST", body: pending.body, headers: { "Content-Type": "text/plain" } });
    if (answer.status < 500) remember(null);
    return answer.ok;
  } catch {
    return false;
  }
}

// Playing -----------------------------------------------------------------------------------------------
async function begin(chosen) {
  if (api && dirty) await send(true);
  part = chosen;
  sequence = part.sequence;
  over = false;
  const [Api, across] = await loaded();
  api = new Api({ autocommit: false, logLevel: 5, mastery_override: true });
  api.loadFromJSON(part.data);
  window[is12 ? "API" : "API_1484_11"] = api;
  const [set, commit, end] = is12 ? ["LMSSetValue", "LMSCommit", "LMSFinish"] : ["SetValue", "Commit", "Terminate"];
  api.on(`${set}.cmi.*`, () => changed());
  api.on(commit, () => changed(true));
  api.on(end, () => { over = true; changed(true); markDone(); });
  if (across) listenAcross(across);
  frame.src = part.address;
  frame.title = part.title;
  for (const button of document.querySelectorAll("[data-part]")) {
    if (button.dataset.part === part.id) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
  if (!part.reports) changed(true);
}

let modules;
async function loaded() {
  if (!modules) {
    const [first, second] = await Promise.all([import(config.api), config.across ? import(config.across) : null]);
    modules = [is12 ? first.Scorm12API : first.Scorm2004API, second && (second.CrossFrameLMS ?? second.default)];
  }
  return modules;
}

// Content without an origin asks by messages; only windows inside our frame are heard.
let bridge;
addEventListener("message", (event) => {
  let asking = event.source;
  for (let depth = 0; asking && depth < 8; depth += 1) {
    if (asking === frame.contentWindow) return;
    if (asking === asking.parent) break;
    asking = asking.parent;
  }
  event.stopImmediatePropagation();
});
function listenAcross(CrossFrameLMS) {
  bridge?.destroy();
  bridge = new CrossFrameLMS(api, "*", { rateLimit: 500 });
}

// The parts of the package -------------------------------------------------------------------------------
const list = document.querySelector("[data-parts]");
function listParts() {
  if (config.parts.length < 2) return;
  list.hidden = false;
  for (const one of config.parts) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "part";
    button.dataset.part = one.id;
    button.textContent = one.title;
    button.classList.toggle("done", one.done);
    button.addEventListener("click", () => {
      if (one !== part) begin(latest(one));
    });
    list.append(button);
  }
}

/** A part opened again in this window goes on from what it told a moment ago. */
const seen = new Map();
function latest(one) {
  if (part && part.reports) seen.set(part.id, { ...part, sequence, data: { ...part.data, ...told() } });
  return seen.get(one.id) ?? one;
}

function markDone() {
  const button = document.querySelector(`[data-part="${CSS.escape(part.id)}"]`);
  button?.classList.add("done");
}

if (await sendPending()) {
  location.reload();
} else {
  listParts();
  begin(config.parts.find((one) => !one.done) ?? config.parts[0]);
}
