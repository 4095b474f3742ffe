/** How large each kind of box is at a scale. Pure. */

import { short } from "./tree.js";

/** @typedef {import("../../messages").Graph} Graph */
/** @typedef {import("../../messages").Operation} Operation */
/** @typedef {import("./series.js").Element} Element */
/** @typedef {import("./flow.js").Size} Size */
/** @typedef {import("./flow.js").Spaces} Spaces */
/** @typedef {{picture: number, lines: number, bars: number}} Scale picture: side of a mean map; lines of text below it */

/** @type {Scale[]} */
export const SCALES = [
  { picture: 88, lines: 3, bars: 5 },
  { picture: 64, lines: 3, bars: 4 },
  { picture: 48, lines: 3, bars: 4 },
  { picture: 36, lines: 2, bars: 4 },
];
const TEXT = 14;
const LETTER = 6.1; // mean width of a small letter
const MOST_WRITTEN = 108;

/** @param {Scale} scale @returns {Spaces} */
export const spacesOf = ({ picture }) => ({ gap: picture > 40 ? 20 : 16, fan: 24, pad: 16, header: 34, lane: picture > 40 ? 6 : 4, gutter: picture > 40 ? 34 : 24, stretch: 48 });

/** @param {Scale} scale @param {Graph} graph @returns {(element: Element) => Size} */
export function sizer(scale, graph) {
  const { picture, lines, bars } = scale;
  const side = 3 * bars + 4 + 6;
  const box = Math.max(picture + side, 62);
  const text = lines * TEXT + 4;
  return ({ type, block }) => {
    if (type === "input") return inputSize(picture, graph);
    if (type === "result") return resultSize(picture, graph);
    if (type === "failure") return { w: box, h: picture + text, cy: picture / 2, port: picture };
    if (type !== "box" || !block) return { w: 0, h: 0, cy: 0, port: 0 };
    if (!block.op) return { w: Math.max(2 * picture + 12 + 24, 108), h: 12 + picture + 8 + 3 * TEXT + 10, cy: 12 + picture / 2, port: Math.max(2 * picture + 36, 108) + 2 };
    const { drawn } = block.op;
    if (drawn === "pill") return pillSize(pillText(block.op));
    if (drawn === "join") return { w: 22, h: 22, cy: 11, port: 22, glue: true };
    if (drawn === "parts") return { w: 44, h: picture, cy: picture / 2, port: 44, glue: true, stretch: true, tail: text };
    return { w: lines > 2 ? Math.max(box, written(block.op)) : box, h: picture + text, cy: picture / 2, port: block.op.parameters ? picture + side : picture };
  };
}

/** How wide the words below a picture are, as far as there is room for them. @param {Operation} op */
function written({ name, what }) {
  const letters = Math.max(1.1 * short(name, 10).length, what.length); // the name is bold
  return Math.min(MOST_WRITTEN, Math.round(LETTER * letters) - 10); // a little may hang over
}

/** What stands on a pill. @param {Operation} op */
export const pillText = (op) => op.op;

/** @param {string} text @returns {Size} */
function pillSize(text) {
  const w = Math.round(LETTER * text.length + 14);
  return { w, h: 20, cy: 10, port: w - 4, glue: true };
}

/** @param {number} picture @param {Graph} graph @returns {Size} */
function inputSize(picture, graph) {
  const w = Math.max(84, Math.min(136, 2.1 * picture));
  const tall = w * Math.min(1.2, aspect(graph));
  return { w, h: tall + 8 + 2 * TEXT, cy: tall / 2, port: w };
}

/** Height by width of the picture of the input. @param {Graph} graph */
export function aspect({ input: { look } }) {
  const [height, width] = look.numbers.shape.slice(-2);
  if (look.kind === "image" || look.kind === "volume") return height && width ? height / width : 1;
  return 0.8;
}

export const MOST_CLASSES = 10;

/** @param {number} picture @param {Graph} graph @returns {Size} */
function resultSize(picture, { prediction }) {
  const rows = Math.min(MOST_CLASSES, prediction?.classes.length ?? 0);
  const row = picture > 40 ? 18 : 15;
  return { w: 168, h: 22 + row * rows + (prediction?.truth == null ? 0 : 20), cy: 22 + (row * rows) / 2, port: 168 };
}
