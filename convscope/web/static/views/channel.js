/** One channel and one number of it: which drawing an operation has. */

import { unpack } from "../draw/arrays.js";
import * as backward from "./channel/backward.js";
import * as shares from "./channel/softmax.js";
import * as steps from "./channel/steps.js";
import * as terms from "./channel/terms.js";
import * as vector from "./channel/vector.js";
import * as window from "./channel/window.js";
import { placed } from "./channel/place.js";
import { strongest } from "./channel/windows.js";

/** @typedef {import("../messages").Channel} Channel */
/** @typedef {import("../messages").Graph} Graph */
/** @typedef {import("../messages").Layer} Layer */
/** @typedef {import("../messages").OneNumber} OneNumber */
/** @typedef {import("../main.js").Context} Context */
/** @typedef {import("../state.js").State} State */
/**
 * What a drawing is made of: the graph and the channel, and of these what it wants.
 * @typedef {object} Messages
 * @property {Graph} graph @property {Channel} channel
 * @property {OneNumber | Error} [number] with its proof
 * @property {Layer | Error} [layer] all channels of the operation
 * @property {Layer | Error} [before] the layer that this one reads
 * @property {Channel | Error} [first] @property {Channel | Error} [second] the two that are joined
 * @property {import("../messages").OperationDetail | Error} [operation]
 * @property {OneNumber | Error} [slope] a gradient
 * @property {import("../messages").WeightStep | Error} [step] of the optimizer
 */
/** @typedef {{wants?: (state: State, messages: Messages) => Record<string, string>, draw: (messages: Messages, context: Context) => (Node | string)[]}} Drawing */

/** @type {Record<string, Drawing>} */
const DRAWINGS = { window, steps, shares, vector, terms, backward };

/** @param {State} state @returns {Record<string, string>} */
export const needs = (state) => ({ graph: "graph", channel: `channel/${state.op}/${state.channel ?? 0}` });

/** @param {State} state @param {import("../messages").Session} session @param {Messages} messages */
export const wants = (state, session, messages) => DRAWINGS[kindOf(messages.channel, state)].wants?.(state, messages) ?? {};

/** The strongest number, where none is chosen or there is none. @param {{channel: Channel}} messages @param {State} state */
export const open = ({ channel: { output } }, { at }) => (placed(at, output.shape) ? null : { at: strongest(unpack(output), output.shape) });

/** @param {Messages} messages @param {Context} context @returns {(Node | string)[]} */
export const draw = (messages, context) => DRAWINGS[kindOf(messages.channel, context.state)].draw(messages, context);

/** @param {Channel} channel @param {State} state */
function kindOf({ window: found, drawing }, state) {
  if (state.way === "backward") return "backward";
  if (found) return "window";
  return drawing === "window" ? "terms" : drawing; // a window whose numbers come one by one
}
