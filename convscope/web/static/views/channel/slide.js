/** A sliding window read from its message, and one number of it as the page computes it. */

import { length, ravel, unpack, unravel } from "../../draw/arrays.js";
import { resultAt, tapsAt } from "./windows.js";

/** @typedef {import("../../messages").Channel} Channel */
/** @typedef {import("./windows.js").Slide} Slide */
/** @typedef {{result: number, sum: number, bias: number | null, network: number, size: number, terms: number, rule: string, divisor: number, rows: () => string[][]}} Local what the proof says of it; size: Σ|terms| */

/** @param {Channel} channel @returns {Slide} */
export function slideOf({ window: found, output }) {
  const window = /** @type {import("../../messages").Window} */ (found);
  return {
    window, input: unpack(window.input), weight: window.weight && unpack(window.weight), space: window.input.shape.slice(1),
    steps: output.shape, taps: length(window.kernel),
  };
}

/** @param {Slide} slide @param {Channel} channel @param {number[]} at @returns {Local} */
export function localAt(slide, { output }, at) {
  const taps = tapsAt(slide, at);
  const { result, sum, size, terms, divisor } = resultAt(slide, at, taps);
  return { result, sum, bias: slide.window.bias, network: unpack(output)[ravel(at, slide.steps)], size, terms, rule: slide.window.rule, divisor, rows: () => table(slide, taps) };
}

/** Every term as a row of a table. @param {Slide} slide @param {import("./windows.js").Tap[]} taps @returns {string[][]} */
function table(slide, taps) {
  const room = length(slide.space);
  const axes = ["depth", "row", "column"].slice(-slide.space.length);
  const rows = [["channel", ...axes.map((axis) => `tap ${axis}`), ...axes.map((axis) => `input ${axis}`), "input", ...(slide.weight ? ["weight", "product"] : [])]];
  slide.window.channels.forEach((name, channel) => {
    for (const { tap, place } of taps) {
      const value = place < 0 ? 0 : slide.input[channel * room + place];
      const weight = slide.weight?.[channel * slide.taps + tap];
      const where = place < 0 ? axes.map(() => "padding") : unravel(place, slide.space);
      rows.push([name, ...unravel(tap, slide.window.kernel), ...where, value, ...(weight === undefined ? [] : [weight, value * weight])].map(String));
    }
  });
  return rows;
}
