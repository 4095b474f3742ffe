/**
 * The page. This file alone holds the state; api.js alone fetches; a view turns messages into elements.
 *
 *     state ── needs ──▶ api ── messages ──▶ view ──▶ elements ── go(change), act(what) ──▶ state
 */

import { connect } from "./api.js";
import { el } from "./draw/dom.js";
import { frame } from "./frame.js";
import { read, START, up, write } from "./state.js";
import { t } from "./texts.js";
import { pageOf, VIEWS } from "./views.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {{state: State, session: import("./messages").Session, t: typeof t, go: (change: Partial<State>, how?: {replace?: boolean}) => void, act: (address: string, body: any) => Promise<void>, ask: (address: string) => Promise<any>}} Context */

const SOON = 600; // ms until what was not ready is asked for again
const api = connect();
let state = read(location.hash);
let drawn = 0;
/** @type {AbortController | null} */
let running = null;
/** @type {import("./messages").Session} */
let session;

/** Move: change the state, keep the way back (or, for small steps, replace where we were), draw. @param {Partial<State>} change @param {{replace?: boolean}} [how] */
function go(change, { replace = false } = {}) {
  state = { ...state, ...change };
  if (replace) history.replaceState(null, "", `#${write(state)}`);
  else history.pushState(null, "", `#${write(state)}`);
  draw();
}

/** Do something that changes the network or its input, then draw anew. @param {string} address @param {any} body */
async function act(address, body) {
  busy(true);
  document.querySelector(".toast")?.remove(); // it was about what is done differently now
  try {
    await api.post(address, body);
    await draw();
  } catch (error) {
    say(error);
  } finally {
    busy(false);
  }
}

/** Fetch what the page in this state needs and put it on the screen; what is out of date is dropped. */
async function draw() {
  running?.abort();
  running = new AbortController();
  const { signal } = running;
  try {
    const views = pageOf(state).map((name) => VIEWS[name]);
    const found = await Promise.all(views.map((view) => messages(view, signal)));
    if (signal.aborted) return;
    views.forEach((view, place) => settle(view.open?.(found[place], state)));
    const made = await Promise.all(views.map((view, place) => view.draw(found[place], context())));
    if (signal.aborted) return;
    frame(context(), made);
    document.documentElement.dataset.drawn = String((drawn += 1)); // whoever waits for the picture sees it here
  } catch (error) {
    if (signal.aborted) return;
    say(error);
    if (!drawn && location.hash.length > 1) go(START, { replace: true }); // an address that leads nowhere: the map, and the words why
  }
}

/** What a view needs, by its own names. @param {import("./views.js").View} view @param {AbortSignal} signal */
async function messages(view, signal) {
  const needs = Object.entries(view.needs(state, session));
  const found = await Promise.all(needs.map(([, address]) => api.get(address, signal)));
  if (found.some((message) => message.ready === false)) setTimeout(() => signal.aborted || draw(), SOON);
  return Object.fromEntries(needs.map(([key], place) => [key, found[place]]));
}

/** What the address left open. @param {Partial<State> | null | undefined} change */
function settle(change) {
  if (!change) return;
  state = { ...state, ...change };
  history.replaceState(null, "", `#${write(state)}`);
}

/** @returns {Context} */
const context = () => ({ state, session, t, go, act, ask: (address) => api.get(address) });

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
addEventListener("convscope:redraw", draw); // theme or language changed

api.get("graph").catch(() => {}); // every page needs it: asked for while the session is on its way
session = await api.get("session");
await draw();
