/** What is drawn and kept: a view in a state of the page of a network. To add one: a line here, then record and update. */

import { readFileSync } from "node:fs";
import { contextOf, gathered } from "./page.js";
import { START } from "../../../convscope/web/static/state.js";
import { VIEWS } from "../../../convscope/web/static/views.js";

const at = (change) => ({ ...START, ...change });
const layer = (op) => at({ op, level: "layer" });
const channel = (op, number, change = {}) => at({ op, level: "channel", channel: number, ...change });

/** Network → name of the scene → view and state. The networks are those of scripts/record_messages.py. */
export const SCENES = {
  image: {
    input: ["input", START],
    "input-attribution": ["input", at({ overlay: "gradient" })],
    map: ["map", at({ op: 3 })],
    overview: ["overview", START],
    operation: ["operation", at({ op: 3 })],
    "operation-edit": ["operation", at({ op: 3, edit: [] })],
    layer: ["layer", layer(3)],
    convolution: ["channel", channel(3, 1)],
    pooling: ["channel", channel(2, 1)],
    terms: ["channel", channel(1, 1)],
    linear: ["channel", channel(5, 1)],
    softmax: ["channel", channel(6, 1)],
    backward: ["channel", channel(3, 1, { way: "backward" })],
    proof: ["proof", channel(3, 1, { at: [1, 0] })],
    "proof-backward": ["proof", channel(3, 1, { at: [1, 0], way: "backward" })],
    filters: ["filters", at({ page: "filters" })],
  },
  signal: { input: ["input", START], layer: ["layer", layer(0)], convolution: ["channel", channel(0, 2)] },
  volume: { input: ["input", START], layer: ["layer", layer(0)], convolution: ["channel", channel(0, 1)] },
  transposed: { convolution: ["channel", channel(0, 1)] },
  joined: { map: ["map", START], sum: ["channel", channel(2, 0)] },
  lstm: { steps: ["channel", channel(2, 1)] },
  gru: { steps: ["channel", channel(1, 1)] },
  rnn: { steps: ["channel", channel(1, 1)] },
  failing: { map: ["map", START] },
  changed: { whatif: ["whatif", START], operation: ["operation", at({ op: 0, edit: [] })] },
  run: { input: ["input", START], results: ["results", at({ page: "results", cell: [0, -1] })], runs: ["runs", at({ page: "results" })], nearest: ["overview", at({ near: "shown" })] },
};

const recorded = (network) => JSON.parse(readFileSync(new URL(`recorded/${network}.json`, import.meta.url), "utf8"));

/** A scene with its recorded messages; `draw` gives its elements. @param {{network: string, view: string, state: any}} scene */
export async function drawing({ network, view, state: given }) {
  const answers = recorded(network);
  const get = async (address) => {
    if (!(address in answers)) throw new Error(`${address} is not recorded: run scripts/record_messages.py ${network}`);
    return answers[address];
  };
  const { found, state } = await gathered(VIEWS[view], given, answers.session, get);
  const context = contextOf(state, answers.session);
  return { context, found, draw: () => VIEWS[view].draw(found, context).flat(3).filter(Boolean) };
}
