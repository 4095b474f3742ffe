/** Numbers as pictures: planes as heat maps, signals as lines, vectors as bars. */

import { el, svg, token } from "./dom.js";
import { colourOf, colours, css, step } from "./colour.js";
import { length, limit as limitOf, row, unpack } from "./arrays.js";

/** @typedef {import("./colour.js").Kind} Kind */
/** @typedef {import("../messages").Look} Look */

/**
 * A heat map, one pixel a number; style makes it as large as it should be.
 * @param {ArrayLike<number>} values row by row
 * @param {number} height @param {number} width
 * @param {Kind} kind @param {number} [limit] the end of the scale @param {string} [label]
 */
export function plane(values, height, width, kind, limit = limitOf(values), label = "") {
  const canvas = /** @type {HTMLCanvasElement} */ (el("canvas", { width, height, role: "img", "aria-label": label }));
  return repaint(canvas, values, kind, limit);
}

/** The same for what lies below the first screen: painted after the browser has shown that. @param {import("../browser.js").Clock} clock @param {Parameters<typeof plane>} args */
export function planeSoon(clock, ...[values, height, width, kind, limit, label = ""]) {
  const canvas = /** @type {HTMLCanvasElement} */ (el("canvas", { width, height, role: "img", "aria-label": label }));
  clock.painted(() => repaint(canvas, values, kind, limit ?? limitOf(values)));
  return canvas;
}

/** Other numbers of the same size on a plane that is there already. @param {HTMLCanvasElement} canvas @param {ArrayLike<number>} values @param {Kind} kind @param {number} limit */
export function repaint(canvas, values, kind, limit) {
  const image = new ImageData(canvas.width, canvas.height);
  const pixels = new Uint32Array(image.data.buffer);
  const table = new Uint32Array(colours(kind).buffer);
  let holes = 0;
  for (let place = 0; place < pixels.length; place += 1) {
    if (Number.isNaN(values[place])) holes += 1; // stays transparent
    else pixels[place] = table[step(values[place], kind, limit)];
  }
  canvas.classList.toggle("hatched", holes > 0);
  context(canvas).putImageData(image, 0, 0);
  return canvas;
}

/**
 * A colour picture. Bytes stay, 0..1 is stretched, what was normalised is stretched between its ends.
 * @param {Float32Array} values (3, height, width) @param {number} height @param {number} width @param {number} high the largest @param {string} label
 */
function photo(values, height, width, high, label) {
  const canvas = /** @type {HTMLCanvasElement} */ (el("canvas", { width, height, role: "img", "aria-label": label }));
  let low = 0;
  for (let place = 0; place < values.length; place += 1) if (values[place] < low) low = values[place];
  const scale = low < 0 ? 255 / (high - low || 1) : high > 1.5 ? 1 : 255;
  const image = new ImageData(width, height);
  const size = width * height;
  for (let place = 0, to = 0; place < size; place += 1, to += 4) {
    for (let colour = 0; colour < 3; colour += 1) image.data[to + colour] = (values[colour * size + place] - low) * scale;
    image.data[to + 3] = 255;
  }
  context(canvas).putImageData(image, 0, 0);
  return canvas;
}

/**
 * Lines over one time axis, each channel in its own band.
 * @param {ArrayLike<number>[]} rows @param {{label?: string, height?: number, class?: string}} [options]
 */
export function lines(rows, { label = "", height = 100, class: name = "lines" } = {}) {
  const band = height / rows.length;
  const paths = rows.map((values, at) => svg("path", { d: line(values, at * band, band), class: `line line-${at % 4}` }));
  return svg("svg", { viewBox: `0 0 ${Math.max(1, rows[0].length - 1)} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": label, class: name }, paths);
}

/** @param {ArrayLike<number>} values @param {number} top @param {number} height */
function line(values, top, height) {
  let low = Infinity;
  let high = -Infinity;
  for (let at = 0; at < values.length; at += 1) {
    low = Math.min(low, values[at]);
    high = Math.max(high, values[at]);
  }
  const scale = high > low ? (height * 0.88) / (high - low) : 0;
  return Array.from(values, (value, at) => `${at ? "L" : "M"}${at} ${(top + height * 0.94 - (value - low) * scale).toFixed(2)}`).join("");
}

/** A vector as bars from a middle line. @param {ArrayLike<number>} values @param {string} [label] */
export function bars(values, label = "") {
  const most = limitOf(values);
  const drawn = Array.from(values, (value, at) => {
    const height = (50 * Math.abs(value)) / most;
    return svg("rect", { x: at + 0.1, width: 0.8, y: value > 0 ? 50 - height : 50, height, fill: css(colourOf(value > 0 ? 0.62 : -0.62, "signed", 1)) });
  });
  return svg("svg", { viewBox: `0 0 ${values.length} 100`, preserveAspectRatio: "none", role: "img", "aria-label": label, class: "bars-of-vector" }, drawn);
}

/**
 * A sample as the person knows it. Volumes show the middle slice; `slice` picks another one.
 * @param {Look} look @param {{label?: string, slice?: number}} [options]
 */
export function picture({ kind, numbers }, { label = "", slice } = {}) {
  const values = unpack(numbers);
  const { shape, high } = numbers;
  if (kind === "image") return image(values, shape, high, label);
  if (kind === "volume") return volume(values, shape, high, label, slice);
  if (kind === "vector") return bars(values, label);
  return lines(Array.from({ length: shape[0] }, (_, channel) => row(values, shape, channel)), { label });
}

/** @param {Float32Array} values @param {number[]} shape @param {number} high @param {string} label */
function image(values, shape, high, label) {
  const [channels, height, width] = shape;
  if (channels === 3) return photo(values, height, width, high, label);
  return plane(values.subarray(0, height * width), height, width, values.some((value) => value < 0) ? "signed" : "raw", high, label);
}

/** @param {Float32Array} values @param {number[]} shape @param {number} high @param {string} label @param {number} [slice] */
function volume(values, shape, high, label, slice = Math.floor(shape[1] / 2)) {
  const [, , height, width] = shape;
  const size = length([height, width]);
  return plane(values.subarray(slice * size, (slice + 1) * size), height, width, values.some((value) => value < 0) ? "signed" : "raw", high, label);
}

/** What the colours mean. @param {Kind} kind @param {string} low @param {string} high */
export function legend(kind, low, high) {
  const ramp = Float32Array.from({ length: 256 }, (_, at) => (kind === "signed" ? at / 127.5 - 1 : at / 255));
  const bar = plane(ramp, 1, 256, kind, 1, "colour scale");
  bar.style.imageRendering = "auto";
  return el("span.legend.inline", {}, low, bar, high);
}

/** @param {HTMLCanvasElement} canvas */
const context = (canvas) => /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));

/** @param {number[][]} points @returns {string} the d of a line through them */
export const path = (points) => points.map(([x, y], at) => `${at ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

/**
 * A small line with its zero, as wide as its box.
 * @param {ArrayLike<number>} values @param {{label?: string, height?: number}} [options]
 */
export function spark(values, { label = "", height = 40 } = {}) {
  let low = 0;
  let high = 0;
  for (let at = 0; at < values.length; at += 1) {
    low = Math.min(low, values[at]);
    high = Math.max(high, values[at]);
  }
  const y = (/** @type {number} */ value) => height - 4 - ((height - 8) * (value - low)) / (high - low || 1);
  const points = Array.from(values, (value, at) => [(100 * (at + 0.5)) / values.length, y(value)]);
  return svg("svg", { class: "spark", viewBox: `0 0 100 ${height}`, preserveAspectRatio: "none", role: label ? "img" : null, "aria-label": label || null, "aria-hidden": label ? null : "true" },
    svg("line", { x1: 0, x2: 100, y1: y(0), y2: y(0), class: "spark-zero" }), svg("path", { d: path(points), class: "spark-line" }));
}

/** Numbers side by side as colours. @param {ArrayLike<number>} values @param {number} limit @param {Kind} [kind] @param {string} [label] */
export const strip = (values, limit, kind = "signed", label = "") => plane(values, 1, values.length, kind, limit, label);

/**
 * One slice of a volume.
 * @param {ArrayLike<number>} values (depth, height, width) @param {number[]} space @param {number} axis that is cut @param {number} place where
 * @returns {{values: Float32Array, height: number, width: number}} the other two axes, in their order
 */
export function slice(values, space, axis, place) {
  const [down, across] = [0, 1, 2].filter((each) => each !== axis);
  const jump = [space[1] * space[2], space[2], 1];
  const cut = new Float32Array(space[down] * space[across]);
  for (let at = 0; at < cut.length; at += 1) {
    cut[at] = values[place * jump[axis] + Math.floor(at / space[across]) * jump[down] + (at % space[across]) * jump[across]];
  }
  return { values: cut, height: space[down], width: space[across] };
}

/**
 * Many numbers as columns from a middle line, one pixel a number; where there are more than pixels, the largest of its stretch.
 * @param {ArrayLike<number>} values @param {number} height @param {string} [label] @param {number} [most] columns
 */
export function columns(values, height, label = "", most = 1600) {
  const wide = Math.min(values.length, most);
  const tall = height * 2;
  const canvas = /** @type {HTMLCanvasElement} */ (el("canvas", { width: wide, height: tall, role: "img", "aria-label": label, style: { height: `${height}px` } }));
  const pen = context(canvas);
  const end = limitOf(values);
  const signs = Array.from(values).some((value) => value < 0);
  const zero = signs ? tall / 2 : tall;
  const scale = (signs ? tall / 2 : tall) / end;
  pen.fillStyle = token("--line-strong");
  pen.fillRect(0, signs ? zero : zero - 1, wide, 1);
  for (let column = 0; column < wide; column += 1) {
    const value = largestOf(values, Math.floor((column * values.length) / wide), Math.floor(((column + 1) * values.length) / wide));
    const size = Math.abs(value) * scale;
    pen.fillStyle = css(colourOf(value < 0 ? -0.62 : 0.62, "signed", 1));
    pen.fillRect(column, value < 0 ? zero : zero - size, 1, size);
  }
  return canvas;
}

/** @param {ArrayLike<number>} values @param {number} from @param {number} behind */
function largestOf(values, from, behind) {
  let found = values[from];
  for (let at = from + 1; at < behind; at += 1) if (Math.abs(values[at]) > Math.abs(found)) found = values[at];
  return found;
}
