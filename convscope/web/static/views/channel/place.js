/** Where a number stands: in its channel, in the output, in the address. */

import { length, unravel } from "../../draw/arrays.js";

/** @typedef {import("../../messages").Graph} Graph */
/** @typedef {import("../../messages").Channel} Channel */

/** The index in the channel's space, null where it does not fit. @param {number[] | null} at @param {number[]} space */
export function placed(at, space) {
  if (!at || at.length !== space.length) return null;
  return at.every((place, axis) => place >= 0 && place < space[axis]) ? at : null;
}

/** The index in the operation's output, with the sample in front. @param {number[]} shape of the output @param {number} channel @param {number[]} at @returns {number[]} */
export function full(shape, channel, at) {
  if (shape.length <= 1) return shape.length ? [channel] : [];
  const between = shape.slice(1, shape.length - at.length);
  return [0, ...(length(between) > channel ? unravel(channel, between) : [channel]), ...at];
}

/** Where the message about one number is. @param {Graph} graph @param {{index: number, channel: number}} channel @param {number[]} at */
export function address(graph, { index, channel }, at) {
  const operation = graph.operations.find((each) => each.index === index);
  return `number/${index}?at=${full(operation?.shape ?? [], channel, at).join(",")}`;
}
