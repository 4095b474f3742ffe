/** A dialog to draw in: digits with a pen, signals as one line; the network answers while the pen moves. */

import { button, el, token } from "../../draw/dom.js";
import { lines, plane } from "../../draw/plane.js";
import { valuesOf } from "./large.js";
import { named } from "./named.js";
import { prediction } from "./prediction.js";
import { centred, fitted, inked, traced } from "./strokes.js";
import { mean, newest, pack, scale } from "./values.js";

/** @typedef {import("../../main.js").Context} Context */
/** @typedef {import("../../messages").Graph} Graph */
/** @typedef {import("./strokes.js").Stroke} Stroke */
/** @typedef {{strokes: Stroke[], pen: number, fit: boolean, base: Float32Array, graph: Graph, context: Context}} Desk */

const SIDE = 336; // of the canvas for pictures
const LINE = { width: 560, height: 220 };
const ROW = 19; // pixels of one bar of the answer
const PEN = 2.4; // pixels of the input: what the lines of MNIST have

/** Bars that an answer has; their room is kept, so that the canvas does not move under the pen. @param {Graph} graph */
const rowsOf = ({ prediction: scores }) => (scores ? Math.min(scores.classes.length, 10) + (scores.classes.length > 10 ? 1 : 0) : 0);

/** Open the dialog over the page as it is. @param {Graph} graph @param {Context} context */
export function drawing(graph, context) {
  const { look } = graph.input;
  const desk = /** @type {Desk} */ ({ strokes: [], pen: PEN, fit: true, base: flat(valuesOf(look)), graph, context });
  const parts = { canvas: board(look.kind === "signal"), seen: el("div.seen"), answer: el("div.answer", { "aria-live": "polite", style: { "min-height": `${ROW * (rowsOf(graph) + 1)}px` } }) };
  const send = newest(async (/** @type {Float32Array} */ values) => {
    const after = await context.act("input", { numbers: pack(values, look.numbers.shape), caption: context.t("drawn by hand") });
    parts.answer.replaceChildren(after?.prediction ? prediction(after.prediction, context, 10) : "");
  });
  const update = () => {
    redraw(parts.canvas, desk);
    const values = numbersOf(desk);
    parts.seen.replaceChildren(seen(values, desk));
    if (desk.strokes.length) send(values);
  };
  const dialog = dialogOf(parts, desk, update);
  pen(parts.canvas, desk, update);
  context.document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
  update();
}

/** @param {boolean} wide @returns {HTMLCanvasElement} */
function board(wide) {
  const size = wide ? LINE : { width: SIDE, height: SIDE };
  return /** @type {HTMLCanvasElement} */ (el(`canvas.board${wide ? ".wide" : ""}`, { width: size.width * 2, height: size.height * 2 }));
}

/** @param {Float32Array} values */
const flat = (values) => new Float32Array(values.length).fill(mean(values));

/** @param {{canvas: HTMLCanvasElement, seen: HTMLElement, answer: HTMLElement}} parts @param {Desk} desk @param {() => void} update */
function dialogOf({ canvas, seen: shown, answer }, desk, update) {
  const { graph, context } = desk;
  const { t, act } = context;
  const { look, sample } = graph.input;
  const signal = look.kind === "signal";
  const dialog = /** @type {HTMLDialogElement} */ (el("dialog.drawing", { "aria-label": t("Draw an input") }));
  const back = () => {
    dialog.close();
    if (desk.strokes.length) act("input", sample === null ? { numbers: look.numbers, caption: named(graph.input, t) } : { sample });
  };
  canvas.setAttribute("aria-label", t("Draw here with the pointer"));
  dialog.append(
    el("header", {}, el("h2", {}, signal ? t("Draw a signal") : t("Draw a picture")), el("p.soft", {}, signal ? t("One line from left to right; the network answers while you draw.") : t("Press and move; the network answers while you draw."))),
    el("div.desk", {}, canvas, el("div.desk-side", {}, el("h3", {}, t("What the network gets")), shown, el("h3", {}, t("Prediction")), answer)),
    el("div.rows-of-controls", {},
      signal ? fromNow(desk, update) : penWidth(desk, update),
      button(t("Undo"), { onclick: () => {
        desk.strokes.pop();
        update();
      } }, "back"),
      button(t("Clear"), { onclick: () => {
        desk.strokes.length = 0;
        update();
      } }, "cross"),
      el("span.spring"),
      button(t("Cancel"), { title: t("back to the input before"), onclick: back }),
      button(t("Keep this"), { kind: "main-action", onclick: () => dialog.close() })));
  return dialog;
}

/** @param {Desk} desk @param {() => void} update */
function penWidth(desk, update) {
  const { t } = desk.context;
  return [
    el("label.field", {}, t("Pen"), el("input", { type: "range", min: 1, max: 5, step: 0.2, value: desk.pen, oninput: (/** @type {any} */ event) => {
      desk.pen = Number(event.target.value);
    } })),
    el("label.field", { title: t("as the digits of MNIST were made: 20 pixels large, centre of mass in the middle") }, el("input", { type: "checkbox", checked: desk.fit, onchange: (/** @type {any} */ event) => {
      desk.fit = event.target.checked;
      update();
    } }), t("Centre and fit")),
  ];
}

/** @param {Desk} desk @param {() => void} update */
function fromNow(desk, update) {
  const values = valuesOf(desk.graph.input.look);
  return el("label.field", {}, el("input", { type: "checkbox", onchange: (/** @type {any} */ event) => {
    desk.base = event.target.checked ? values : flat(values);
    update();
  } }), desk.context.t("Start from the present signal"));
}

/** The pen follows the pointer. @param {HTMLCanvasElement} canvas @param {Desk} desk @param {() => void} update */
function pen(canvas, desk, update) {
  const at = (/** @type {PointerEvent} */ event) => {
    const rect = canvas.getBoundingClientRect();
    return /** @type {[number, number]} */ ([(event.clientX - rect.left) / rect.width, (event.clientY - rect.top) / rect.height]);
  };
  canvas.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    desk.strokes.push({ points: [at(event)], width: desk.pen / desk.graph.input.look.numbers.shape.slice(-1)[0] });
    update();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!canvas.hasPointerCapture(event.pointerId)) return;
    const stroke = desk.strokes[desk.strokes.length - 1];
    for (const each of event.getCoalescedEvents?.() ?? [event]) stroke?.points.push(at(each));
    update();
  });
}

/** The input as the strokes make it. @param {Desk} desk @returns {Float32Array} */
function numbersOf({ strokes, fit, base, graph }) {
  const { look } = graph.input;
  const values = valuesOf(look);
  const range = scale(values, look.kind);
  if (look.kind === "signal") return traced(strokes, base, range);
  const [height, width] = look.numbers.shape.slice(-2);
  const ink = fit ? centred(inked(fitted(strokes), height, width), height, width) : inked(strokes, height, width);
  return ink.map((value) => Math.round(range[0] + value * (range[1] - range[0])));
}

/** What the network gets, as it gets it. @param {Float32Array} values @param {Desk} desk */
function seen(values, { graph: { input }, context: { t } }) {
  const label = t("what the network gets");
  if (input.look.kind === "signal") return lines([values], { label });
  const [height, width] = input.look.numbers.shape.slice(-2);
  return plane(values, height, width, "raw", scale(valuesOf(input.look), "image")[1], label);
}

/** @param {HTMLCanvasElement} canvas @param {Desk} desk */
function redraw(canvas, { strokes, base, graph }) {
  const pencil = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pencil.clearRect(0, 0, canvas.width, canvas.height);
  pencil.strokeStyle = token("--map-raw-full");
  pencil.lineCap = pencil.lineJoin = "round";
  if (graph.input.look.kind === "signal") return redrawLine(pencil, traced(strokes, base, scale(valuesOf(graph.input.look), "signal")), scale(valuesOf(graph.input.look), "signal"));
  for (const { points, width } of strokes) {
    pencil.lineWidth = width * canvas.width;
    pencil.beginPath();
    for (const [x, y] of [points[0], ...points]) pencil.lineTo(x * canvas.width, y * canvas.height);
    pencil.stroke();
  }
}

/** @param {CanvasRenderingContext2D} pencil @param {Float32Array} values @param {[number, number]} range */
function redrawLine(pencil, values, [low, high]) {
  const { width, height } = pencil.canvas;
  pencil.lineWidth = 3;
  pencil.beginPath();
  values.forEach((value, at) => pencil.lineTo((at / Math.max(1, values.length - 1)) * width, height * (1 - (value - low) / (high - low))));
  pencil.stroke();
}
