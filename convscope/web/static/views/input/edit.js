/** Numbers of the input changed by hand: pixels painted, boxes covered, table cells typed; everything follows at once. */

import { button, el, segments } from "../../draw/dom.js";
import { plain } from "../../draw/numbers.js";
import { sides, valuesOf } from "./large.js";
import { table } from "./table.js";
import { filled, mean, newest, pack, places, scale, way } from "./values.js";

/** @typedef {import("../../main.js").Context} Context */
/** @typedef {import("../../messages").Graph} Graph */
/** @typedef {import("./large.js").Large} Large */
/** @typedef {[number, number]} Cell row and column */

/**
 * What the person holds; a redraw of the page leaves it as it is.
 * @typedef {object} Held
 * @property {boolean} on
 * @property {string} tool "paint" or "mask"
 * @property {number} share of the scale: the value that is painted
 * @property {string} cover "zero" or "mean": what a masked box becomes
 * @property {Cell} cell
 * @property {Float32Array} values the input as it is now
 * @property {Float32Array | null} start the input before the first change
 * @property {string} own what was done here, in words
 */

/** @param {Context} context @returns {Held} */
const heldIn = ({ memory }) => memory("edit of the input", () => ({ on: false, tool: "paint", share: 1, cover: "zero", cell: [0, 0], values: new Float32Array(), start: null, own: "" }));

/** @param {Context} context */
export const isEditing = (context) => heldIn(context).on;

/** @param {Context} context */
export function toggleEdit(context) {
  const held = heldIn(context);
  held.on = !held.on;
  held.own = context.t("edited by hand");
  context.redraw();
}

/** @param {Large} view @param {Graph} graph @param {Context} context */
export function editor(view, { input }, context) {
  const held = heldIn(context);
  if (!held.on || context.session.saved) return null;
  const { t } = context;
  if (!held.start || input.change !== held.own) held.start = valuesOf(input.look);
  held.values = valuesOf(input.look);
  const [low, high] = scale(held.start, input.look.kind);
  const hand = { view, context, held, low, high, send: sender(view, held, context) };
  const cells = input.look.kind === "sequence" || input.look.kind === "vector";
  if (!cells) listen(hand);
  return el("div.editor", { role: "group", "aria-label": t("Edit the input") },
    cells ? table(input.look, context, (values) => change(hand, values)) : tools(hand),
    button(t("Undo all changes"), { "data-focus": "edit-reset", onclick: () => restore(held, context) }, "reset"));
}

/** @typedef {{view: Large, context: Context, held: Held, low: number, high: number, send: (values: Float32Array) => void}} Hand */

/** @param {Large} view @param {Held} held @param {Context} context */
function sender(view, held, { act }) {
  return newest(async (/** @type {Float32Array} */ values) => {
    if (held.start) await act("input", { numbers: pack(values, view.look.numbers.shape), change: held.own });
  });
}

/** @param {Held} held @param {Context} context */
function restore(held, { act }) {
  held.start = null;
  act("input", { reset: true });
}

/** @param {Hand} hand */
function tools({ view: { look }, context: { t, redraw: again }, held, low, high }) {
  const paint = look.kind === "signal" ? t("Drag over the line: the height of the pointer becomes the value.") : t("Press or drag on the input. Arrow keys move the cell, Enter paints it.");
  const value = el("span.number", {}, plain(low + held.share * (high - low), 3));
  const choose = (/** @type {string} */ tool) => {
    held.tool = tool;
    again();
  };
  return [
    segments([{ id: "paint", text: t("Paint") }, { id: "mask", text: t("Mask a box") }], held.tool, { label: t("Tool"), choose }),
    held.tool === "paint"
      ? el("label.field", {}, t("Value"), el("input", { type: "range", min: 0, max: 1, step: 0.01, value: held.share, "data-focus": "edit-value", oninput: (/** @type {any} */ event) => {
          held.share = Number(event.target.value);
          value.textContent = plain(low + held.share * (high - low), 3);
        } }), value)
      : segments([{ id: "zero", text: t("with zero") }, { id: "mean", text: t("with the mean") }], held.cover, { label: t("What the box becomes"), choose: (cover) => {
          held.cover = cover;
          again();
        } }),
    el("p.caption", {}, held.tool === "paint" ? paint : t("Drag a box over the input; it is covered when you let go.")),
  ];
}

/** The picture takes the pointer and the keys. @param {Hand} hand */
function listen(hand) {
  const { view: { stage, look }, held } = hand;
  stage.classList.add("editing");
  stage.tabIndex = 0;
  stage.dataset.focus = "edit-stage";
  stage.setAttribute("role", "application");
  stage.setAttribute("aria-label", hand.context.t("the input, to be changed: row {row}, column {column}", { row: held.cell[0], column: held.cell[1] }));
  const mark = el("div.edit-mark", { "aria-hidden": "true" });
  stage.append(mark);
  markAt(mark, held.cell, held.cell, look);
  stage.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    drag(hand, event);
  });
  stage.addEventListener("keydown", (event) => walk(hand, event));
}

/** @param {HTMLElement} mark @param {Cell} from @param {Cell} to @param {import("../../messages").Look} look */
function markAt(mark, from, to, look) {
  const [height, width] = sides(look);
  const [top, left] = [Math.min(from[0], to[0]), Math.min(from[1], to[1])];
  const box = { left: left / width, top: top / height, width: (Math.abs(from[1] - to[1]) + 1) / width, height: (Math.abs(from[0] - to[0]) + 1) / height };
  for (const [side, share] of Object.entries(box)) mark.style.setProperty(side, `${100 * share}%`);
}

/** Where the pointer is; the stage may be another element by now, the page draws itself anew. @param {PointerEvent} event @param {Hand} hand @returns {Cell} */
function cellAt(event, { view: { look }, context: { document } }) {
  const [height, width] = sides(look);
  const rect = (document.querySelector(".input-stage") ?? document.body).getBoundingClientRect();
  const at = (/** @type {number} */ place, /** @type {number} */ from, /** @type {number} */ size, /** @type {number} */ cells) => Math.max(0, Math.min(cells - 1, Math.floor(((place - from) / size) * cells)));
  return [at(event.clientY, rect.top, rect.height, height), at(event.clientX, rect.left, rect.width, width)];
}

/** From press to release. @param {Hand} hand @param {PointerEvent} pressed */
function drag(hand, pressed) {
  const { view: { look }, held, context: { document, listen: hear } } = hand;
  const start = cellAt(pressed, hand);
  let last = start;
  const paints = held.tool === "paint" || look.kind === "signal" ? held.tool === "paint" : false;
  if (paints) stroke(hand, start, start, pressed);
  const move = (/** @type {PointerEvent} */ event) => {
    const cell = cellAt(event, hand);
    if (paints && String(cell) + event.clientY !== String(last)) stroke(hand, last, cell, event);
    const mark = /** @type {HTMLElement | null} */ (document.querySelector(".input-stage .edit-mark"));
    if (mark) markAt(mark, paints ? cell : start, cell, look);
    last = cell;
  };
  const release = () => {
    over.abort();
    held.cell = last;
    if (!paints) mask(hand, start, last);
  };
  const over = new AbortController();
  hear("pointermove", move, { signal: over.signal });
  hear("pointerup", release, { signal: over.signal });
  hear("pointercancel", release, { signal: over.signal });
}

/** @param {Hand} hand @param {Cell} from @param {Cell} to @param {PointerEvent | null} event */
function stroke(hand, from, to, event) {
  const { view: { look, slice }, held } = hand;
  const value = look.kind === "signal" && event ? valueAt(event, hand) : hand.low + held.share * (hand.high - hand.low);
  const where = way(from, to).flatMap(([row, column]) => places(look.numbers.shape, { rows: [row, row + 1], columns: [column, column + 1], slice }));
  change(hand, filled(held.values, where, value));
}

/** On a signal the height of the pointer is the value. @param {PointerEvent} event @param {Hand} hand */
function valueAt(event, { low, high, context: { document } }) {
  const rect = (document.querySelector(".input-stage") ?? document.body).getBoundingClientRect();
  return high - (high - low) * Math.max(0, Math.min(1, (event.clientY - rect.top) / rect.height));
}

/** @param {Hand} hand @param {Cell} from @param {Cell} to */
function mask(hand, from, to) {
  const { view: { look, slice }, held } = hand;
  const rows = /** @type {Cell} */ ([Math.min(from[0], to[0]), Math.max(from[0], to[0]) + 1]);
  const columns = /** @type {Cell} */ ([Math.min(from[1], to[1]), Math.max(from[1], to[1]) + 1]);
  const value = held.cover === "mean" ? mean(held.values) : 0;
  change(hand, filled(held.values, places(look.numbers.shape, { rows, columns, slice }), value));
}

/** @param {Hand} hand @param {KeyboardEvent} event */
function walk(hand, event) {
  const { held } = hand;
  const [height, width] = sides(hand.view.look);
  const [row, column] = held.cell;
  const to = { ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1] }[event.key];
  if (to) {
    held.cell = [Math.max(0, Math.min(height - 1, to[0])), Math.max(0, Math.min(width - 1, to[1]))];
    const mark = /** @type {HTMLElement | null} */ (hand.view.stage.querySelector(".edit-mark"));
    if (mark) markAt(mark, held.cell, held.cell, hand.view.look);
  } else if (event.key === "Enter" || event.key === " ") {
    if (held.tool === "paint") stroke(hand, held.cell, held.cell, null);
    else mask(hand, held.cell, held.cell);
  } else return;
  event.preventDefault();
}

/** Show it at once, then send it through. @param {Hand} hand @param {Float32Array} values */
function change(hand, values) {
  hand.held.values = values;
  hand.view.paint(values);
  hand.send(values);
}
