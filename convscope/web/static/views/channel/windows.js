/**
 * A sliding window in numbers, for any number of axes: which places its taps lie on, what they bring, what they
 * add up to. Everything in float64, so that moving a window needs no server.
 */

import { length, ravel, unravel } from "../../draw/arrays.js";

/** @typedef {import("../../messages").Window} Window */

/**
 * A window read once: its numbers unpacked, its sizes counted.
 * @typedef {object} Slide
 * @property {Window} window
 * @property {ArrayLike<number>} input (channel, *space)
 * @property {ArrayLike<number> | null} weight (channel, *kernel)
 * @property {number[]} space of the input
 * @property {number[]} steps of the output
 * @property {number} taps of one channel
 */

/** One tap of a window: its index in the kernel, and where it lies: −1 in the padding. @typedef {{tap: number, place: number}} Tap */

/**
 * What one input channel brings.
 * @typedef {{channel: number, sum: number, size: number}} Part channel: its row in the message; size: Σ|products|
 */

/**
 * One number of the output, as the page computes it.
 * @typedef {object} Result
 * @property {Part[]} parts one an input channel, in their order
 * @property {number} sum without the bias
 * @property {number} bias 0 where there is none
 * @property {number} result
 * @property {number} size Σ|terms|, the bias among them
 * @property {number} terms how many
 * @property {number} winner max pooling: the tap that won, else −1
 * @property {number} divisor mean: what is divided by, else 1
 */

/** How many places the padded input has along each axis. @param {Slide} slide */
export const padded = ({ window, space }) => space.map((size, axis) => size + window.padding[axis][0] + window.padding[axis][1]);

/** How far a window stretches along each axis, holes and all. @param {Window} window */
export const extent = (window) => window.kernel.map((size, axis) => (size - 1) * window.dilation[axis] + 1);

/** Where the first tap lies, below 0 in the padding. @param {Window} window @param {number[]} at */
const corner = (window, at) => at.map((step, axis) => (window.spans ? window.spans[axis][step][0] : step * window.stride[axis] - window.padding[axis][0]));

/** The taps that count in one number of the output, in the order of the kernel. @param {Slide} slide @param {number[]} at @returns {Tap[]} */
export function tapsAt({ window, space, taps }, at) {
  const found = [];
  for (let tap = 0; tap < taps; tap += 1) {
    const place = placeOf(window, space, at, unravel(tap, window.kernel));
    if (place !== null) found.push({ tap, place });
  }
  return found;
}

/** @param {Window} window @param {number[]} space @param {number[]} at @param {number[]} tap @returns {number | null} null: this tap is not used here */
function placeOf(window, space, at, tap) {
  const index = [];
  let outside = false;
  for (let axis = 0; axis < at.length; axis += 1) {
    const place = along(window, axis, at[axis], tap[axis]);
    if (place === null) return null;
    if (place < 0 || place >= space[axis]) {
      if (window.kind === "transposed") return null;
      outside = true;
    }
    index.push(place);
  }
  return outside ? -1 : ravel(index, space);
}

/** Where a tap lies on one axis; null: it is not used at this step. @param {Window} window @param {number} axis @param {number} at @param {number} tap */
function along(window, axis, at, tap) {
  if (window.kind === "transposed") return before(window, axis, at, tap);
  if (!window.spans) return at * window.stride[axis] - window.padding[axis][0] + tap * window.dilation[axis];
  const [start, stop] = window.spans[axis][at];
  return start + tap < stop ? start + tap : null;
}

/** Transposed: the input place from which this tap falls on an output place. @param {Window} window @param {number} axis @param {number} at @param {number} tap */
function before(window, axis, at, tap) {
  const ahead = at + window.padding[axis][0] - tap * window.dilation[axis];
  return ahead % window.stride[axis] === 0 ? ahead / window.stride[axis] : null;
}

/** The window of one channel, a number a tap; null in the padding. @param {Slide} slide @param {Tap[]} taps @param {number} channel @returns {(number | null)[]} */
export function seen({ input, space }, taps, channel) {
  const start = channel * length(space);
  return taps.map(({ place }) => (place < 0 ? null : input[start + place]));
}

/** The kernel's numbers at these taps. @param {Slide} slide @param {Tap[]} taps @param {number} channel @returns {number[]} */
export function kernelAt({ weight, taps: size }, taps, channel) {
  return taps.map(({ tap }) => (weight ? weight[channel * size + tap] : 1));
}

/** Tap by tap: window times kernel. @param {Slide} slide @param {Tap[]} taps @param {number} channel @returns {number[]} */
export function products(slide, taps, channel) {
  const kernel = kernelAt(slide, taps, channel);
  return seen(slide, taps, channel).map((value, place) => (value === null ? 0 : value * kernel[place]));
}

/** One number of the output. @param {Slide} slide @param {number[]} at @param {Tap[]} [taps] @returns {Result} */
export function resultAt(slide, at, taps = tapsAt(slide, at)) {
  return slide.window.rule === "max" ? largest(slide, taps) : summed(slide, at, taps);
}

/** @param {Slide} slide @param {number[]} at @param {Tap[]} taps @returns {Result} */
function summed(slide, at, taps) {
  const parts = [];
  let sum = 0;
  let size = 0;
  const channels = slide.window.channels.length;
  const room = length(slide.space);
  for (let channel = 0; channel < channels; channel += 1) {
    const part = partOf(slide, taps, channel, channel * room);
    sum += part.sum;
    size += part.size;
    parts.push(part);
  }
  const divisor = slide.window.rule === "mean" ? divisorAt(slide, at, taps) : 1;
  const bias = slide.window.bias ?? 0;
  return { parts, sum, bias, result: bias + sum / divisor, size: Math.abs(bias) + size / divisor, terms: channels * taps.length, winner: -1, divisor };
}

/** @param {Slide} slide @param {Tap[]} taps @param {number} channel @param {number} start @returns {Part} */
function partOf({ input, weight, taps: room }, taps, channel, start) {
  let sum = 0;
  let size = 0;
  for (const { tap, place } of taps) {
    if (place < 0) continue;
    const product = input[start + place] * (weight ? weight[channel * room + tap] : 1);
    sum += product;
    size += Math.abs(product);
  }
  return { channel, sum, size };
}

/** Max pooling: the first of the largest; NaN wins, as in torch. @param {Slide} slide @param {Tap[]} taps @returns {Result} */
function largest({ input }, taps) {
  let winner = -1;
  let result = -Infinity;
  for (const { tap, place } of taps) {
    if (place < 0) continue;
    const value = input[place];
    if (winner < 0 || value > result || (Number.isNaN(value) && !Number.isNaN(result))) {
      winner = tap;
      result = value;
    }
  }
  return { parts: [{ channel: 0, sum: result, size: Math.abs(result) }], sum: result, bias: 0, result, size: Math.abs(result), terms: taps.length, winner, divisor: 1 };
}

/** What an average is divided by: a fixed number, the taps within the padded input, or those on real numbers. @param {Slide} slide @param {number[]} at @param {Tap[]} taps */
function divisorAt(slide, at, taps) {
  const { window, space } = slide;
  const rule = window.divisor ?? "padded";
  if (typeof rule === "number") return rule;
  if (window.spans) return taps.length;
  if (rule === "inside") return taps.filter(({ place }) => place >= 0).length;
  const end = space.map((size, axis) => size + window.padding[axis][1]);
  const start = corner(window, at);
  return length(start.map((place, axis) => Math.min(place + window.kernel[axis], end[axis]) - place));
}

/** The input maps by what they bring, the largest |sum| first. @param {Part[]} parts */
export const ranked = (parts) => [...parts].sort((one, other) => Math.abs(other.sum) - Math.abs(one.sum) || one.channel - other.channel);

/** The steps of one axis whose window has a tap on a place: [first, behind], null where there are none. @param {Window} window @param {number} axis @param {number} place @param {number} steps */
export function stepsOver(window, axis, place, steps) {
  let first = steps;
  let behind = 0;
  if (window.spans) {
    const over = window.spans[axis].flatMap(([start, stop], step) => (start <= place && place < stop ? [step] : []));
    return over.length ? [over[0], over[over.length - 1] + 1] : null;
  }
  for (let tap = 0; tap < window.kernel[axis]; tap += 1) {
    const step = window.kind === "transposed"
      ? place * window.stride[axis] - window.padding[axis][0] + tap * window.dilation[axis]
      : (place + window.padding[axis][0] - tap * window.dilation[axis]) / window.stride[axis];
    if (!Number.isInteger(step) || step < 0 || step >= steps) continue;
    first = Math.min(first, step);
    behind = Math.max(behind, step + 1);
  }
  return behind > first ? /** @type {[number, number]} */ ([first, behind]) : null;
}

/** Places of one axis of the input on which no tap ever lies. @param {Slide} slide @param {number} axis @returns {number[]} */
export function unread({ window, space, steps }, axis) {
  return Array.from({ length: space[axis] }, (_, place) => place).filter((place) => !stepsOver(window, axis, place, steps[axis]));
}

/** The step whose window has its middle nearest to a place. @param {Slide} slide @param {number[]} index in the input, may lie in the padding @returns {number[]} */
export function nearest({ window, steps }, index) {
  return index.map((place, axis) => {
    if (window.spans) return Math.max(0, stepsOver(window, axis, Math.max(0, Math.min(window.spans[axis][steps[axis] - 1][1] - 1, place)), steps[axis])?.[0] ?? 0);
    const half = ((window.kernel[axis] - 1) * window.dilation[axis]) / 2;
    const step = window.kind === "transposed" ? place * window.stride[axis] - window.padding[axis][0] + half : (place + window.padding[axis][0] - half) / window.stride[axis];
    return Math.max(0, Math.min(steps[axis] - 1, Math.round(step)));
  });
}

/** Where the taps that reach one number lie: a box of the input, [start, stop) an axis. @param {Slide} slide @param {number[]} at @returns {number[][]} */
export function boxAt(slide, at) {
  const { window, space } = slide;
  if (window.spans) return at.map((step, axis) => /** @type {number[][][]} */ (window.spans)[axis][step]);
  if (window.kind !== "transposed") return corner(window, at).map((start, axis) => [start, start + extent(window)[axis]]);
  const places = tapsAt(slide, at).map(({ place }) => unravel(place, space));
  return space.map((_, axis) => {
    const along = places.map((place) => place[axis]);
    return along.length ? [Math.min(...along), Math.max(...along) + 1] : [0, 0];
  });
}

/** The place with the largest |value|: where to look first. @param {ArrayLike<number>} values @param {number[]} shape */
export function strongest(values, shape) {
  let best = 0;
  for (let place = 1; place < values.length; place += 1) {
    if (Math.abs(values[place]) > Math.abs(values[best])) best = place;
  }
  return unravel(best, shape);
}

/** So many steps on, row by row, around the end. @param {number[]} at @param {number[]} steps @param {number} by */
export function walk(at, steps, by) {
  const every = length(steps);
  return unravel((((ravel(at, steps) + by) % every) + every) % every, steps);
}
