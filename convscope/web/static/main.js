/**
 * The page. This file alone holds the state; api.js alone fetches; a view turns messages into elements.
 *
 *     state ── needs, wants ──▶ api ── messages ──▶ view ──▶ elements ── go(change), act(what) ──▶ state
 */

import { connect } from "./api.js";
import { browser } from "./browser.js";
import { el } from "./draw/dom.js";
import { frame } from "./frame.js";
import { gather } from "./gather.js";
import { takeAway } from "./save.js";
import { next, read, START, up, write } from "./state.js";
import { t } from "./texts.js";
import { pageOf, VIEWS } from "./views.js";

/** @typedef {import("./state.js").State} State */

/**
 * What a view is handed besides its messages.
 * @typedef {import("./browser.js").Browser & Page} Context
 *
 * @typedef {object} Page
 * @property {State} state
 * @property {import("./messages").Session} session
 * @property {typeof t} t the page's language
 * @property {(change: Partial<State>, how?: How) => void} go
 * @property {(change: Partial<State>) => void} near the person may go there next: what that needs is fetched beforehand
 * @property {(address: string, body: any) => Promise<import("./messages").Graph | undefined>} act change the network or its input; the graph after it
 * @property {() => void} redraw
 * @property {() => void} save offer the page as one file
 * @property {(error: unknown) => void} say
 * @property {<T>(key: string, start: () => T) => T} memory what a view keeps from one drawing to the next
 */

/** @typedef {"step" | "replace" | "pass"} How step: a new place to come back to; replace: another place; pass: one of many on the way, the address follows at rest */

const REST = 200; // ms without a move until the address takes the place
const api = connect();
const root = document.documentElement;
const messages = gather(api.get, browser().clock, (signal) => void shown.then(() => void (signal.aborted || draw())));
/** @type {Map<string, any>} */
const memory = new Map();
let state = read(location.hash);
let drawn = 0;
/** The last drawing is on the screen: what can wait does not delay it. @type {Promise<void>} */
let shown = Promise.resolve();
let resting = 0;
/** @type {AbortController | null} */
let running = null;
/** @type {import("./messages").Session} */
let session;

/** Move: change the state, draw, note it in the address. @param {Partial<State>} change @param {How} [how] */
function go(change, how = "step") {
  clearTimeout(resting);
  if (how === "step") note(); // who comes back finds the page as it was left
  state = next(state, change);
  if (how === "pass") resting = window.setTimeout(() => go({}, "replace"), REST);
  else if (how === "replace") note();
  else history.pushState(null, "", `#${write(state)}`);
  draw(how === "pass");
}

/** The address says where we are. */
const note = () => history.replaceState(null, "", `#${write(state)}`);

/** Do something that changes the network or its input, then draw anew. @param {string} address @param {any} body */
async function act(address, body) {
  busy(true);
  document.querySelector(".toast")?.remove(); // it was about what is done differently now
  try {
    await api.post(address, body);
    messages.forget();
    await draw();
    return await api.get("graph");
  } catch (error) {
    say(error);
  } finally {
    busy(false);
  }
}

/** Fetch what the page in this state needs and put it on the screen; what is out of date is dropped. @param {boolean} [passing] asks for nothing that it can do without */
async function draw(passing = false) {
  running?.abort();
  running = new AbortController();
  const { signal } = running;
  try {
    const views = pageOf(state).map((name) => VIEWS[name]);
    const found = await Promise.all(views.map((view) => messages.needed(view, { state, session, signal, passing })));
    if (signal.aborted) return;
    views.forEach((view, place) => settle(view.open?.(found[place], state)));
    await Promise.all(views.map((view, place) => messages.wanted(view, found[place], { state, session, signal, passing })));
    if (signal.aborted) return;
    const made = views.map((view, place) => view.draw(found[place], context()));
    frame(context(), made, found[0].graph);
    root.dataset.drawn = String((drawn += 1)); // whoever waits for the picture sees it here
    shown = new Promise((done) => browser().clock.painted(done));
    if (!passing) shown.then(() => signal.aborted || views.forEach((view, place) => view.likely?.(state, found[place]).forEach(near)));
  } catch (error) {
    if (signal.aborted) return;
    say(error);
    if (!drawn && location.hash.length > 1) go(START, "replace"); // an address that leads nowhere: the map, and the words why
  }
}

/** Fetch what the page would need there. @param {Partial<State>} change */
function near(change) {
  const there = next(state, change);
  for (const name of pageOf(there)) {
    for (const address of Object.values(VIEWS[name].needs(there, session))) api.get(address).catch(() => {});
  }
}

/** What the address left open. @param {Partial<State> | null | undefined} change */
function settle(change) {
  if (!change) return;
  state = next(state, change);
  note();
}

/** @returns {Context} */
function context() {
  const save = () => takeAway(api.get("save"), context());
  return Object.assign(browser(), { state, session, t, go, near, act, redraw: () => void draw(), save, say, memory: remembered });
}

/** @template T @param {string} key @param {() => T} start @returns {T} */
function remembered(key, start) {
  if (!memory.has(key)) memory.set(key, start());
  return memory.get(key);
}

/** @param {unknown} error */
function say(error) {
  const text = error instanceof Error ? error.message : String(error);
  document.querySelector(".toast")?.remove();
  const note = el("div.toast", { role: "alert" }, text);
  document.body.append(note);
  setTimeout(() => note.remove(), 8000);
}

/** @param {boolean} on */
const busy = (on) => document.body.classList.toggle("busy", on);

addEventListener("popstate", () => {
  clearTimeout(resting);
  state = read(location.hash);
  draw();
});
addEventListener("keydown", (event) => {
  const inField = event.target instanceof Element && event.target.closest("input, select, textarea, dialog");
  if (event.key === "Escape" && !inField) go(up(state));
});

api.get("graph").catch(() => {}); // every page needs it: asked for while the session is on its way
session = await api.get("session");
await draw();
