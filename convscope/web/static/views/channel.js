/** One channel and one number of it: which drawing an operation has. */

import { unpack } from "../draw/arrays.js";
import { el } from "../draw/dom.js";
import { names } from "../frame.js";
import { draw as backward } from "./channel/backward.js";
import { draw as shares, prediction } from "./channel/softmax.js";
import { draw as steps } from "./channel/steps.js";
import { draw as terms } from "./channel/terms.js";
import { draw as vector } from "./channel/vector.js";
import { draw as window1d } from "./channel/window1d.js";
import { draw as window2d } from "./channel/window2d.js";
import { draw as window3d } from "./channel/window3d.js";
import { address, placed } from "./channel/place.js";
import { strongest } from "./channel/windows.js";

/** @typedef {import("../messages").Channel} Channel */
/** @typedef {import("../messages").Graph} Graph */
/** @typedef {import("../messages").OneNumber} OneNumber */
/** @typedef {import("../main.js").Context} Context */
/** @typedef {{channel: Channel, number: OneNumber | null, layer: import("../messages").Layer | null, graph: Graph}} Messages */
/** @typedef {(messages: Messages, context: Context) => (Node | string)[] | Promise<(Node | string)[]>} Drawing */

/** @type {Record<string, Drawing>} */
const DRAWINGS = { window1d, window2d, window3d, steps, shares, vector, terms, backward };

/** @param {import("../state.js").State} state @returns {Record<string, string>} */
export const needs = (state) => ({ graph: "graph", channel: `channel/${state.op}/${state.channel ?? 0}` });

/** The strongest number, where none is chosen or there is none. @param {{channel: Channel}} messages @param {import("../state.js").State} state */
export const open = ({ channel: { output } }, { at }) => (placed(at, output.shape) ? null : { at: strongest(unpack(output), output.shape) });

/** @param {{graph: Graph, channel: Channel}} messages @param {Context} context @returns {Promise<(Node | string)[]>} */
export async function draw({ graph, channel }, context) {
  graph.operations.forEach(({ index, name }) => names.set(index, name));
  const { state } = context;
  const kind = kindOf(channel, state);
  const alone = kind === "window2d" || kind === "window1d" || kind === "window3d";
  const number = alone ? null : await context.ask(address(channel, state.at ?? [])).catch(() => null);
  const layer = kind === "steps" || kind === "shares" ? await context.ask(`layer/${channel.index}?sort=index&page=0`).catch(() => null) : null;
  const drawn = await (DRAWINGS[kind] ?? terms)({ channel, number, layer, graph }, context);
  const last = graph.operations[graph.operations.length - 1]?.index === channel.index;
  return last && kind === "terms" ? [...drawn, ...prediction(graph, context)] : drawn;
}

/** @param {Channel} channel @param {import("../state.js").State} state */
export function kindOf(channel, state) {
  if (state.way === "backward") return "backward";
  const axes = channel.window?.kernel.length;
  if (axes) return `window${axes}d`;
  return channel.drawing;
}
