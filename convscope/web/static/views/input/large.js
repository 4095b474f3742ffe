/** The input as large as the column allows: slices, the receptive field of the selection, an overlay of colours. */

import { unpack } from "../../draw/arrays.js";
import { el } from "../../draw/dom.js";
import { picture } from "../../draw/plane.js";
import { named } from "./named.js";

/** @typedef {import("../../messages").Look} Look */
/** @typedef {import("../../main.js").Context} Context */
/** @typedef {{left: number, top: number, width: number, height: number}} Box shares of the picture, 0..1 */
/** @typedef {{element: HTMLElement, stage: HTMLElement, look: Look, slice: number, box: (box: number[][] | null) => void, paint: (values: Float32Array) => void, cover: (node: HTMLElement | SVGElement) => void}} Large */

/** Rows and columns of what is on the screen. @param {Look} look @returns {[number, number]} */
export function sides({ kind, numbers: { shape } }) {
  if (kind === "image" || kind === "volume") return [shape[shape.length - 2], shape[shape.length - 1]];
  return [1, shape[shape.length - 1]];
}

/**
 * A box of the input's numbers, [from, to) on each axis with the sample's, as shares of the picture; null: not drawn.
 * @param {number[][]} box @param {Look} look @returns {Box | null}
 */
export function boxOf(box, look) {
  const [height, width] = sides(look);
  if (box.length < 3 || look.kind === "vector") return null;
  const [from, to] = box[box.length - 1];
  const rows = look.kind === "image" || look.kind === "volume" ? box[box.length - 2] : [0, 1];
  if (to <= from || rows[1] <= rows[0]) return null;
  return { left: from / width, top: rows[0] / height, width: (to - from) / width, height: (rows[1] - rows[0]) / height };
}

/** @param {import("../../messages").Graph} graph @param {Context} context @returns {Large} */
export function large({ input }, { t, memory }) {
  const { look } = input;
  const { shape } = look.numbers;
  const held = memory("slice of the input", () => ({ slice: -1, shape: "" })); // it stays while the person walks through the network
  if (held.shape !== String(shape)) Object.assign(held, { slice: Math.floor(shape[1] / 2), shape: String(shape) });
  const [height, width] = sides(look);
  const flat = look.kind !== "image" && look.kind !== "volume";
  const stage = el(`div.input-stage${flat ? ".flat" : ""}`, { style: flat ? {} : { "aspect-ratio": `${width} / ${height}` } });
  const label = t("the input: {caption}", { caption: named(input, t) });
  const show = (/** @type {Look} */ shown) => picture(shown, { label, slice: held.slice });
  let drawn = /** @type {Element} */ (show(look));
  const frame = el("div.field-box", { "aria-hidden": "true" });
  frame.hidden = true;
  stage.append(drawn, frame);
  const replace = (/** @type {Look} */ shown) => {
    const next = show(shown);
    drawn.replaceWith(next);
    drawn = next;
  };
  const view = {
    element: el("div.input-large", {}, stage, look.kind === "volume" && slider(shape[1], held, t, () => {
      replace(look);
      stage.dispatchEvent(new Event("slice"));
    })),
    stage,
    look,
    get slice() {
      return held.slice;
    },
    box: (/** @type {number[][] | null} */ box) => frameAt(frame, box && boxOf(box, look)),
    paint: (/** @type {Float32Array} */ values) => replace(withValues(look, values)),
    cover: (/** @type {HTMLElement | SVGElement} */ node) => {
      stage.querySelector(".cover")?.remove();
      node.classList.add("cover");
      frame.before(node);
    },
  };
  return view;
}

/** The same look with other numbers, on the scale that it had. @param {Look} look @param {Float32Array} values @returns {Look} */
const withValues = (look, values) => ({ ...look, numbers: { ...look.numbers, dtype: "f32", data: new Uint8Array(Float32Array.from(values).buffer) } });

/** @param {Look} look */
export const valuesOf = (look) => unpack(look.numbers);

/** @param {HTMLElement} frame @param {Box | null} box */
function frameAt(frame, box) {
  frame.hidden = !box;
  if (!box) return;
  for (const [side, share] of Object.entries(box)) frame.style.setProperty(side, `${100 * share}%`);
}

/** @param {number} depth @param {{slice: number}} held @param {Context["t"]} t @param {() => void} moved */
function slider(depth, held, t, moved) {
  const words = el("span.number", {}, `${held.slice} / ${depth - 1}`);
  const range = el("input", { type: "range", min: 0, max: depth - 1, value: held.slice, "aria-label": t("Slice"), "data-focus": "input-slice", oninput: (/** @type {any} */ event) => {
    held.slice = Number(event.target.value);
    words.textContent = `${held.slice} / ${depth - 1}`;
    moved();
  } });
  return el("label.field.slice", {}, t("Slice"), range, words);
}
