/** A kernel over a picture or a signal (a picture of one row), with every way to treat the edge. Pure, in float64. */

/** @typedef {"replicate" | "reflect" | "circular" | "zeros" | "none"} Padding */
/** @typedef {{kernel: number[][], padding: Padding, stride: number, dilation: number}} Settings */
/** @typedef {{values: Float32Array, height: number, width: number}} Plane */

/** Places added on each side of an axis so that stride 1 keeps the size. @param {Settings} settings @param {number} size of the kernel on this axis */
export const room = ({ padding, dilation }, size) => (padding === "none" ? 0 : Math.floor((dilation * (size - 1)) / 2));

/** ⌊(n + 2p − d(k − 1) − 1)/s⌋ + 1. @param {number} length @param {number} kernel @param {Settings} settings */
export function outputSize(length, kernel, settings) {
  const reach = settings.dilation * (kernel - 1) + 1;
  return Math.max(0, Math.floor((length + 2 * room(settings, kernel) - reach) / settings.stride) + 1);
}

/** Which place of the axis stands at `place`, which may lie outside; −1: a zero. @param {number} place @param {number} size @param {Padding} padding */
export function source(place, size, padding) {
  if (place >= 0 && place < size) return place;
  if (padding === "replicate") return Math.max(0, Math.min(size - 1, place));
  if (padding === "circular") return ((place % size) + size) % size;
  if (padding !== "reflect" || size === 1) return padding === "reflect" ? 0 : -1;
  const period = 2 * (size - 1);
  const along = ((place % period) + period) % period;
  return along < size ? along : period - along;
}

/** Rows and columns of the kernel. @param {number[][]} kernel @returns {[number, number]} */
export const sizeOf = (kernel) => [kernel.length, kernel[0].length];

/**
 * Where the taps of one output number lie: an index of the plane, −1 for a zero of the padding.
 * @param {Plane} plane @param {Settings} settings @param {[number, number]} at @returns {number[]}
 */
export function taps({ height, width }, settings, [row, column]) {
  const { kernel, stride, dilation, padding } = settings;
  const [rows, columns] = sizeOf(kernel);
  const [up, left] = [row * (rows > 1 ? stride : 1) - room(settings, rows), column * stride - room(settings, columns)];
  const found = [];
  for (let u = 0; u < rows; u += 1) {
    for (let v = 0; v < columns; v += 1) {
      const y = source(up + u * dilation, height, padding);
      const x = source(left + v * dilation, width, padding);
      found.push(y < 0 || x < 0 ? -1 : y * width + x);
    }
  }
  return found;
}

/** Rows and columns of the output. @param {Plane} plane @param {Settings} settings @returns {[number, number]} */
export function outputShape({ height, width }, settings) {
  const [rows, columns] = sizeOf(settings.kernel);
  return [rows > 1 || height > 1 ? outputSize(height, rows, settings) : 1, outputSize(width, columns, settings)];
}

/** The kernel over the whole plane. @param {Plane} plane @param {Settings} settings @returns {Plane} */
export function filtered(plane, settings) {
  const [height, width] = outputShape(plane, settings);
  const weights = settings.kernel.flat();
  const values = new Float32Array(height * width);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const places = taps(plane, settings, [row, column]);
      let sum = 0;
      for (let tap = 0; tap < places.length; tap += 1) sum += places[tap] < 0 ? 0 : plane.values[places[tap]] * weights[tap];
      values[row * width + column] = sum;
    }
  }
  return { values, height, width };
}

/** The largest or the mean of every two by two (two along a signal). @param {Plane} plane @param {string} rule "max", "mean", or "" for none @returns {Plane} */
export function pooled(plane, rule) {
  if (!rule) return plane;
  const [down, along] = [plane.height > 1 ? 2 : 1, 2];
  const [height, width] = [Math.floor(plane.height / down), Math.floor(plane.width / along)];
  const values = new Float32Array(height * width);
  for (let place = 0; place < values.length; place += 1) {
    const [row, column] = [Math.floor(place / width) * down, (place % width) * along];
    const each = Array.from({ length: down * along }, (_, tap) => plane.values[(row + Math.floor(tap / along)) * plane.width + column + (tap % along)]);
    values[place] = rule === "max" ? Math.max(...each) : each.reduce((sum, value) => sum + value, 0) / each.length;
  }
  return { values, height, width };
}

/** The plane with what stands around its edge. @param {Plane} plane @param {Settings} settings @returns {Plane & {room: [number, number]}} */
export function padded(plane, settings) {
  const [rows, columns] = sizeOf(settings.kernel);
  const around = /** @type {[number, number]} */ ([room(settings, rows), room(settings, columns)]);
  const [height, width] = [plane.height + 2 * around[0], plane.width + 2 * around[1]];
  const values = new Float32Array(height * width);
  for (let place = 0; place < values.length; place += 1) {
    const y = source(Math.floor(place / width) - around[0], plane.height, settings.padding);
    const x = source((place % width) - around[1], plane.width, settings.padding);
    values[place] = y < 0 || x < 0 ? 0 : plane.values[y * plane.width + x];
  }
  return { values, height, width, room: around };
}

/** A kernel of another size with the old one in its middle, cut or filled up with zeros. @param {number[][]} kernel @param {number} rows @param {number} columns */
export function resized(kernel, rows, columns) {
  const [old, across] = sizeOf(kernel);
  const [down, right] = [(rows - old) / 2, (columns - across) / 2].map(Math.trunc);
  return Array.from({ length: rows }, (_, row) => Array.from({ length: columns }, (_, column) => kernel[row - down]?.[column - right] ?? 0));
}

/** Divided by its sum, so that the brightness stays; by the sum of its sizes where it adds up to zero. @param {number[][]} kernel */
export function normalised(kernel) {
  const flat = kernel.flat();
  const sum = flat.reduce((total, value) => total + value, 0);
  const by = Math.abs(sum) > 1e-9 ? sum : flat.reduce((total, value) => total + Math.abs(value), 0);
  return by ? kernel.map((row) => row.map((value) => value / by)) : kernel;
}

/** Turned by half a turn: what mathematics calls convolution of the one is correlation with the other. @param {number[][]} kernel */
export const flipped = (kernel) => kernel.map((row) => row.slice().reverse()).reverse();
