/**
 * The table of views. A view says which messages it needs, by names of its own, and makes elements of them:
 *
 *     needs(state, session)             without these it cannot be drawn
 *     wants(state, session, messages)   it is drawn without these, and again when they come
 *     likely(state, messages)           where the person goes next: what that needs is fetched beforehand
 *     open(messages, state)             what the address leaves open, such as which number of a channel
 *     draw(messages, context)           elements; the same messages and state give the same
 *
 * It fetches nothing, and keeps nothing but what `context.memory` holds for it.
 * To add one: a file in views/, a line here, and a place in `pageOf`.
 */

import * as channel from "./views/channel.js";
import * as filters from "./views/filters.js";
import * as input from "./views/input.js";
import * as layer from "./views/layer.js";
import * as map from "./views/map.js";
import * as operation from "./views/operation.js";
import * as overview from "./views/overview.js";
import * as proof from "./views/proof.js";
import * as results from "./views/results.js";
import * as runs from "./views/runs.js";
import * as whatif from "./views/whatif.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./messages").Session} Session */
/**
 * @typedef {object} View
 * @property {(state: State, session: Session) => Record<string, string>} needs name → address
 * @property {(state: State, session: Session, messages: any) => Record<string, string>} [wants]
 * @property {(state: State, messages: any) => Partial<State>[]} [likely]
 * @property {(messages: any, state: State) => Partial<State> | null} [open]
 * @property {(messages: any, context: import("./main.js").Context) => (Node | string)[]} draw
 */

/** @type {Record<string, View>} */
export const VIEWS = { input, map, layer, channel, overview, operation, proof, whatif, results, runs, filters };

/** The views of a state: left, middle, right, and the band below the header. @param {State} state @returns {[string, string, string, string]} */
export const pageOf = (state) => [...columnsOf(state), "whatif"];

/** @param {State} state @returns {[string, string, string]} */
function columnsOf(state) {
  if (state.page === "results") return ["input", "results", "runs"];
  if (state.page === "filters") return ["input", "filters", "overview"];
  if (state.level === "channel") return ["input", "channel", "proof"];
  if (state.level === "layer") return ["input", "layer", "operation"];
  return ["input", "map", state.op === null ? "overview" : "operation"];
}
