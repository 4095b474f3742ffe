/** The input as numbers that can be changed: places, boxes, and the way back to a message. Pure. */

/** @typedef {import("../../messages").Numbers} Numbers */

/** Numbers as they travel. @param {Float32Array} values @param {number[]} shape @returns {Numbers} */
export function pack(values, shape) {
  const bytes = new Uint8Array(Float32Array.from(values).buffer);
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  const [low, high] = range(values);
  return { dtype: "f32", shape, data: btoa(text), low, high };
}

/** Smallest and largest. @param {ArrayLike<number>} values @returns {[number, number]} */
export function range(values) {
  let low = Infinity;
  let high = -Infinity;
  for (let at = 0; at < values.length; at += 1) {
    low = Math.min(low, values[at]);
    high = Math.max(high, values[at]);
  }
  return low <= high ? [low, high] : [0, 0];
}

/** What an input of this kind can hold: bytes, 0..1, or as far as the numbers themselves go. @param {Float32Array} values @param {string} kind @returns {[number, number]} */
export function scale(values, kind) {
  const [low, high] = range(values);
  if ((kind === "image" || kind === "volume") && low >= 0) return [0, high > 1.5 ? 255 : 1];
  const more = 0.1 * (high - low) || 1;
  return [low - more, high + more];
}

/** @param {Float32Array} values */
export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / (values.length || 1);

/**
 * Places of a rectangle in every channel, of (channel, height, width), (channel, time), or one slice of
 * (channel, depth, height, width).
 * @param {number[]} shape @param {{rows: [number, number], columns: [number, number], slice?: number}} box from, to (without)
 * @returns {number[]}
 */
export function places(shape, { rows, columns, slice = 0 }) {
  const space = shape.slice(1);
  const plane = space.length === 3 ? space.slice(1) : space.length === 1 ? [1, space[0]] : space;
  const [height, width] = plane;
  const size = space.reduce((product, each) => product * each, 1);
  const offset = space.length === 3 ? slice * height * width : 0;
  const found = [];
  for (let channel = 0; channel < shape[0]; channel += 1) {
    for (let row = Math.max(0, rows[0]); row < Math.min(height, rows[1]); row += 1) {
      for (let column = Math.max(0, columns[0]); column < Math.min(width, columns[1]); column += 1) found.push(channel * size + offset + row * width + column);
    }
  }
  return found;
}

/** A copy with one value at some places. @param {Float32Array} values @param {number[]} where @param {number} value */
export function filled(values, where, value) {
  const copy = Float32Array.from(values);
  for (const place of where) copy[place] = value;
  return copy;
}

/** Cells on the straight way from one to another, both ends among them. @param {[number, number]} from @param {[number, number]} to @returns {[number, number][]} */
export function way(from, to) {
  const steps = Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]), 1);
  return Array.from({ length: steps + 1 }, (_, step) => [
    Math.round(from[0] + ((to[0] - from[0]) * step) / steps),
    Math.round(from[1] + ((to[1] - from[1]) * step) / steps),
  ]);
}

/**
 * Sends one after another and skips what is out of date: while one is under way only the newest waits.
 * @template Body
 * @param {(body: Body) => Promise<unknown>} send
 * @returns {(body: Body) => void}
 */
export function newest(send) {
  /** @type {{body: Body} | null} */
  let waiting = null;
  let under = false;
  const next = async () => {
    if (under || !waiting) return;
    const { body } = waiting;
    waiting = null;
    under = true;
    try {
      await send(body);
    } finally {
      under = false;
      next();
    }
  };
  return (body) => {
    waiting = { body };
    next();
  };
}
