/** A map or a row of numbers in which one is chosen by pressing, dragging or the arrow keys. */

import { limit as limitOf, ravel, unravel } from "../../draw/arrays.js";
import { el } from "../../draw/dom.js";
import { plane } from "../../draw/plane.js";

/** A map and a box around one of its numbers. @param {Float32Array} values @param {number[]} shape two axes @param {number[]} at @param {string} label */
export function marked(values, [height, width], [row = 0, column = 0], label) {
  const kind = values.some((value) => value < 0) ? "signed" : "positive";
  return [
    plane(values, height, width, kind, limitOf(values), label),
    el("div.field-box", { style: { left: `${(100 * column) / width}%`, top: `${(100 * row) / height}%`, width: `${100 / width}%`, height: `${100 / height}%` } }),
  ];
}

/**
 * @param {Float32Array} values @param {number[]} shape one or two axes; of more, the plane that holds the chosen number
 * @param {number[]} at @param {string} label @param {(at: number[]) => void} pick
 */
export function pickable(values, shape, at, label, pick) {
  const [height, width] = shape.length >= 2 ? shape.slice(-2) : [1, shape[0] ?? 1];
  const size = height * width;
  const before = shape.length > 2 ? ravel(at.slice(0, -2), shape.slice(0, -2)) : 0;
  const place = ravel(at, shape) - before * size;
  const shown = marked(values.subarray(before * size, (before + 1) * size), [height, width], [Math.floor(place / width), place % width], label);
  const stage = el(`div.stage.pickable${height === 1 ? ".flat" : ""}`, { tabindex: 0, role: "application", "aria-label": label, "data-focus": "pickable", style: { "--high": height, "--wide": width } }, shown);
  const go = (/** @type {number} */ next) => next >= 0 && next < size && pick(unravel(before * size + next, shape));
  stage.addEventListener("pointerdown", (event) => {
    const { left, top, width: w, height: h } = stage.getBoundingClientRect();
    const along = (/** @type {number} */ share, /** @type {number} */ every) => Math.max(0, Math.min(every - 1, Math.floor(share * every)));
    go(along((event.clientY - top) / h, height) * width + along((event.clientX - left) / w, width));
  });
  stage.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -width, ArrowDown: width }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    go(place + by);
  });
  return stage;
}

