/**
 * The table of views. A view says which messages it needs and makes elements of them; it fetches nothing.
 * It may fill in what the address leaves open, such as which number of a channel.
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
/** @typedef {{needs: (state: State, session: import("./messages").Session) => Record<string, string>, open?: (messages: any, state: State) => Partial<State> | null, draw: (messages: any, context: import("./main.js").Context) => (Node | string)[] | Promise<(Node | string)[]>}} View */

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
