/** The messages of views: those that they need are waited for, those that they want come when they come. */

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./views.js").View} View */
/** @typedef {Record<string, any>} Messages by the names that a view gave them; an Error: could not be had */
/** @typedef {{state: State, session: import("./messages").Session, signal: AbortSignal, passing: boolean}} Drawing one of the page; passing: it asks for nothing that it can do without */

const SOON = 600; // ms until what was not ready is asked for again
const PATIENCE = 16; // ms that a drawing waits for what it can do without: a frame

/**
 * @param {(address: string, signal?: AbortSignal) => Promise<any>} get
 * @param {import("./browser.js").Clock} clock
 * @param {(signal: AbortSignal) => void} redraw the page anew, unless it is another one by then
 */
export function gather(get, clock, redraw) {
  /** @type {Map<string, any>} address → what came, of what a view can do without */
  const late = new Map();
  /** @type {Set<string>} those that took longer than a drawing waits */
  const overdue = new Set();
  const patience = () => new Promise((done) => clock.after(PATIENCE, () => done(null)));
  const again = (/** @type {AbortSignal} */ signal) => clock.after(SOON, () => redraw(signal));

  /** What a view cannot be drawn without. @param {View} view @param {Drawing} drawing @returns {Promise<Messages>} */
  async function needed(view, { state, session, signal }) {
    const needs = Object.entries(view.needs(state, session));
    const found = await Promise.all(needs.map(([, address]) => get(address, signal)));
    if (found.some((message) => message.ready === false)) again(signal);
    return Object.fromEntries(needs.map(([name], place) => [name, found[place]]));
  }

  /** What it can be drawn without: what is here soon is there at once, the rest draws the page anew when it comes. @param {View} view @param {Messages} found to add to @param {Drawing} drawing */
  async function wanted(view, found, { state, session, signal, passing }) {
    const open = () => Object.entries(view.wants?.(state, session, found) ?? {}).filter(([name]) => !(name in found));
    for (let missing = open(); missing.length && !signal.aborted; missing = open()) {
      const asked = passing ? [] : missing.filter(([, address]) => !late.has(address));
      const coming = asked.map(([, address]) => fetched(address, signal));
      if (asked.some(([, address]) => !overdue.has(address))) await Promise.race([Promise.all(coming), patience()]);
      const here = missing.filter(([, address]) => late.has(address));
      for (const [name, address] of here) found[name] = late.get(address);
      asked.forEach(([, address], place) => {
        if (late.has(address)) return;
        overdue.add(address);
        coming[place].then(() => redraw(signal));
      });
      if (!here.length) return;
    }
  }

  /** @param {string} address @param {AbortSignal} signal of the drawing that asks */
  async function fetched(address, signal) {
    const message = await get(address).catch((error) => error);
    late.set(address, message);
    if (message.ready !== false) return;
    again(signal);
    clock.after(SOON / 2, () => late.delete(address));
  }

  /** After the network or its input has changed. */
  function forget() {
    late.clear();
    overdue.clear();
  }

  return { needed, wanted, forget };
}
