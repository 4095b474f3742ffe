/**
 * The page. This file alone holds the state; api.js alone fetches; a view turns messages into elements.
 *
 *     state ── needs, wants ──▶ api ── messages ──▶ view ──▶ elements ── go(change), act(what) ──▶ state
 */

import { connect } from "./api.js";
import { browser } from "./browser.js";
import { el } from "./draw/dom.js";
import { frame } from "./frame.js";
import { takeAway } from "./save.js";
import { next, read, START, up, write } from "./state.js";
import { t } from "./texts.js";
import { pageOf, VIEWS } from "./views.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./views.js").View} View */
/** @typedef {Record<string, any>} Messages by the names that a view gave them; an Error: could not be had */

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

const SOON = 600; // ms until what was not ready is asked for again
const REST = 200; // ms without a move until the address takes the place
const PATIENCE = 80; // ms that a drawing waits for what it can do without
const api = connect();
const root = document.documentElement;
/** @type {Map<string, any>} */
const memory = new Map();
/** @type {Map<string, any>} address → what came, of what a view can do without */
const late = new Map();
/** @type {Set<string>} those that took longer than a drawing waits */
const overdue = new Set();
let state = read(location.hash);
let drawn = 0;
let resting = 0;
/** @type {AbortController | null} */
let running = null;
/** @type {import("./messages").Session} */
let session;

/** Move: change the state, draw, note it in the address. @param {Partial<State>} change @param {How} [how] */
function go(change, how = "step") {
  state = next(state, change);
  clearTimeout(resting);
  if (how === "pass") resting = window.setTimeout(() => go({}, "replace"), REST);
  else if (how === "replace") history.replaceState(null, "", `#${write(state)}`);
  else history.pushState(null, "", `#${write(state)}`);
  draw(how === "pass");
}

/** Do something that changes the network or its input, then draw anew. @param {string} address @param {any} body */
async function act(address, body) {
  busy(true);
  document.querySelector(".toast")?.remove(); // it was about what is done differently now
  try {
    await api.post(address, body);
    late.clear();
    overdue.clear();
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
    const found = await Promise.all(views.map((view) => needed(view, signal)));
    if (signal.aborted) return;
    views.forEach((view, place) => settle(view.open?.(found[place], state)));
    await Promise.all(views.map((view, place) => wanted(view, found[place], signal, passing)));
    if (signal.aborted) return;
    const made = views.map((view, place) => view.draw(found[place], context()));
    frame(context(), made, found[0].graph);
    root.dataset.drawn = String((drawn += 1)); // whoever waits for the picture sees it here
    if (!passing) views.forEach((view, place) => view.likely?.(state, found[place]).forEach(near));
  } catch (error) {
    if (signal.aborted) return;
    say(error);
    if (!drawn && location.hash.length > 1) go(START, "replace"); // an address that leads nowhere: the map, and the words why
  }
}

/** What a view cannot be drawn without, by its own names. @param {View} view @param {AbortSignal} signal @returns {Promise<Messages>} */
async function needed(view, signal) {
  const needs = Object.entries(view.needs(state, session));
  const found = await Promise.all(needs.map(([, address]) => api.get(address, signal)));
  if (found.some((message) => message.ready === false)) again(signal);
  return Object.fromEntries(needs.map(([key], place) => [key, found[place]]));
}

/** What it can be drawn without: what is here soon is there at once, the rest draws the page anew when it comes. @param {View} view @param {Messages} found to add to @param {AbortSignal} signal @param {boolean} passing */
async function wanted(view, found, signal, passing) {
  const open = () => Object.entries(view.wants?.(state, session, found) ?? {}).filter(([key]) => !(key in found));
  for (let missing = open(); missing.length && !signal.aborted; missing = open()) {
    const asked = passing ? [] : missing.filter(([, address]) => !late.has(address));
    const coming = asked.map(([, address]) => fetched(address, signal));
    if (asked.some(([, address]) => !overdue.has(address))) await Promise.race([Promise.all(coming), patience()]);
    const here = missing.filter(([, address]) => late.has(address));
    for (const [key, address] of here) found[key] = late.get(address);
    asked.forEach(([, address], place) => {
      if (late.has(address)) return;
      overdue.add(address);
      coming[place].then(() => void (signal.aborted || draw()));
    });
    if (!here.length) return;
  }
}

/** @returns {Promise<null>} */
const patience = () => new Promise((done) => setTimeout(() => done(null), PATIENCE));

/** @param {string} address @param {AbortSignal} signal of the drawing that asks */
async function fetched(address, signal) {
  const message = await api.get(address).catch((error) => error);
  late.set(address, message);
  if (message.ready !== false) return;
  again(signal);
  setTimeout(() => late.delete(address), SOON / 2);
}

/** What was not ready is asked for again. @param {AbortSignal} signal */
const again = (signal) => setTimeout(() => signal.aborted || draw(), SOON);

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
  history.replaceState(null, "", `#${write(state)}`);
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
