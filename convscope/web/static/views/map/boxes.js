/** The boxes of the map as elements. */

import { unpack } from "../../draw/arrays.js";
import { el, svg } from "../../draw/dom.js";
import { count, fixed, percent, shape, time } from "../../draw/numbers.js";
import { bars as vector, lines, picture, plane } from "../../draw/plane.js";
import { glyph } from "./glyph.js";
import { aspect, MOST_CLASSES, pillText } from "./sizes.js";
import { short } from "./tree.js";

/** @typedef {import("../../messages").Operation} Operation */
/** @typedef {import("../../messages").Graph} Graph */
/** @typedef {import("./tree.js").Block} Block */
/** @typedef {import("./flow.js").Cell} Cell */
/** @typedef {import("../../main.js").Context} Context */
/** @typedef {{graph: Graph, context: Context, most: Record<"parameters" | "macs" | "seconds", number>, ways: {node: Element, ops: [number, number][]}[], receptive: import("../../messages").OperationDetail["receptive"]}} Sheet what all boxes share; ways: what is lit with the operations it leads between; receptive: of what is selected */

const TRACES = 8; // channels of a signal that are drawn as lines
const [PADDING, LETTER] = [28, 7]; // px: of a folded block, and of a letter of its name
const BARS = /** @type {const} */ (["parameters", "macs", "seconds"]);

/** The sizes of one sample, for people: 16×28×28. @param {number[]} sizes */
export const sample = (sizes) => shape(sizes.length > 1 ? sizes.slice(1) : sizes);

/** A name without that of the open block around it. @param {Cell} cell @param {string} name @param {number} most letters */
function within(cell, name, most) {
  let around = cell.flow.cell;
  while (around && around.element.type !== "frame") around = around.flow.cell;
  const path = `${around?.element.block?.name}.`;
  return short(name.startsWith(path) ? name.slice(path.length) : name, most);
}

/** A small picture of what an operation gives. @param {Operation} op @param {Graph} graph @param {string} label */
export function look(op, graph, label) {
  if (!op.thumbnail) return el("span.blank", { role: "img", "aria-label": label });
  const { shape: size } = op.thumbnail;
  const values = unpack(op.thumbnail);
  if (size.length === 1) return vector(values, label);
  const [height, width] = size;
  const traces = op.shape.length === 3 && graph.input.look.kind === "signal";
  if (!traces) return plane(values, height, width, op.signed ? "signed" : "positive", undefined, label);
  const rows = [0, Math.floor(height / 2), height - 1].filter((row, at, all) => all.indexOf(row) === at);
  return lines(rows.map((row) => values.subarray(row * width, (row + 1) * width)), { label });
}

/** @param {{parameters: number, macs: number, seconds: number}} cost @param {Sheet} sheet */
function costs(cost, { most }) {
  return el("span.bars", { "aria-hidden": "true" }, BARS.map((key) => (cost[key] ? el("i", { style: { height: `${(100 * cost[key]) / most[key]}%` } }) : el("i.none"))));
}

/** Everything a box says, for the ear and the hover card. @param {Block} block @param {Context} context */
export function words(block, { t }) {
  const { op, last } = block;
  const facts = [
    t("{number} parameters", { number: count(block.parameters) }),
    t("{number} MACs", { number: count(block.macs) }),
    time(block.seconds),
  ];
  const inside = op ? [] : [t("{number} operations", { number: count(block.count) })];
  return { name: block.name || block.kind, what: op ? op.what : block.kind, size: sample(last.shape), facts: [...inside, ...facts] };
}

/** @param {Block} block @param {Context} context */
function label(block, context) {
  const { name, what, size, facts } = words(block, context);
  return [name, what, size, ...facts].filter(Boolean).join(", ");
}

/** @param {Cell} cell @param {Sheet} sheet @returns {HTMLElement | null} */
export function box(cell, sheet) {
  const { type, block } = cell.element;
  if (type === "input") return input(cell, sheet);
  if (type === "result") return result(sheet);
  if (type === "failure") return failed(sheet);
  if (type === "frame" && block) return frame(block, sheet);
  if (type !== "box" || !block) return null;
  return block.op ? operation(cell, block, block.op, sheet) : folded(cell, block, sheet);
}

/** @param {Cell} cell @param {Block} block @param {Operation} op @param {Sheet} sheet */
function operation(cell, block, op, sheet) {
  const { drawn } = op;
  const props = { type: "button", "data-key": block.key, "data-op": op.index, "data-focus": block.key, "aria-pressed": "false", "aria-label": label(block, sheet.context) };
  if (drawn === "pill") return el("button.pill", props, pillText(op));
  if (drawn === "join") return el("button.join", props, op.sign);
  if (drawn === "parts") return el("button.cat", props, parts(cell, op, sheet));
  const stopped = sheet.graph.failure?.operation?.index === op.index;
  if (stopped) return el("button.op.failed", props, el("span.look", {}, cross()), el("b", {}, within(cell, op.name, 10)), el("span.what.type", {}, op.what), el("span.what", {}, sheet.context.t("did not run")));
  return el("button.op", props,
    el("span.look", {}, look(op, sheet.graph, ""), costs(op, sheet)),
    el("b", {}, within(cell, op.name, 10)), el("span.what.type", {}, op.what), el("span.what", {}, sample(op.shape)));
}

/** A bar cut in proportion to what each branch brings. @param {Cell} cell @param {Operation} op @param {Sheet} sheet */
function parts(cell, op, { graph, ways }) {
  const shares = portions(op, graph);
  let top = 0;
  const cuts = shares.map(({ from, size, share }) => {
    const part = el("span.part", { style: { top: `${100 * top}%`, height: `${100 * share}%` } }, share * cell.h > 12 && el("em", {}, size));
    top += share;
    ways.push({ node: part, ops: [[from, op.index]] });
    return part;
  });
  return [cuts, el("span.sum", {}, el("b", {}, op.op), sample(op.shape))];
}

/** What each input brings to a `cat`, along the axis where they add up. @param {Operation} op @param {Graph} graph @returns {{from: number, size: number, share: number}[]} */
export function portions(op, graph) {
  const by = operationsOf(graph);
  const shapes = op.inputs.map((from) => by.get(from)?.shape ?? []);
  const axis = op.shape.findIndex((size, at) => shapes.every((each) => each.length === op.shape.length) && shapes.reduce((sum, each) => sum + each[at], 0) === size && shapes.length > 1 && shapes[0][at] !== size);
  return op.inputs.map((from, at) => ({ from, size: axis < 0 ? 1 : shapes[at][axis], share: axis < 0 ? 1 / op.inputs.length : shapes[at][axis] / op.shape[axis] }));
}

/** @type {WeakMap<Graph, Map<number, Operation>>} */
const known = new WeakMap();

/** @param {Graph} graph */
export function operationsOf(graph) {
  const found = known.get(graph) ?? new Map(graph.operations.map((op) => [op.index, op]));
  known.set(graph, found);
  return found;
}

/** @param {Cell} cell @param {Block} block @param {Sheet} sheet */
function folded(cell, block, sheet) {
  const { t } = sheet.context;
  const repeated = block.type === "run" ? block.children.length : 0;
  const what = block.type === "chunk" ? t("{number} operations", { number: count(block.count) }) : block.kind;
  const name = block.type === "chunk" ? `${short(block.first.name, 8)} … ${short(block.last.name, 8)}` : within(cell, block.name, Math.min(14, Math.floor((cell.w - PADDING) / LETTER)));
  return el("button.folded", { type: "button", "data-key": block.key, "data-focus": block.key, "aria-expanded": "false", "aria-label": t("Open block {name}", { name: label(block, sheet.context) }) },
    el("span.look", {}, look(block.last, sheet.graph, ""), glyph(repeated ? block.children[0] : block), costs(block, sheet)),
    el("b", {}, name, repeated ? el("em.times", {}, `×${repeated}`) : null),
    el("span.what", {}, what), el("span.what", {}, sample(block.last.shape)));
}

/** @param {Block} block @param {Sheet} sheet */
function frame(block, { context: { t } }) {
  const repeated = block.type === "run" ? ` ×${block.children.length}` : "";
  const name = short(block.name, 16);
  return el("div.block", { "data-frame": block.key },
    el("button.close", { type: "button", "data-key": block.key, "data-focus": block.key, "aria-expanded": "true", "aria-label": t("Close block {name}", { name: block.name || name }) },
      svg("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" }, svg("path", { d: "M2 3.5L5 6.5L8 3.5" })), el("b", {}, name), el("span.faint", {}, block.kind + repeated)));
}

/** @param {Cell} cell @param {Sheet} sheet */
function input(cell, { graph, context: { t } }) {
  const { look: seen, caption } = graph.input;
  const tall = cell.size.w * Math.min(1.2, aspect(graph));
  return el("div.source-picture", { "data-input": "", title: caption },
    el("div.shown", { style: { height: `${tall}px` } }, seenAs(seen, caption)),
    el("b", {}, t("input")), el("span.what", {}, shape(seen.numbers.shape)));
}

/** Many channels are a plane, not as many lines. @param {import("../../messages").Look} seen @param {string} label */
function seenAs(seen, label) {
  const { shape: size } = seen.numbers;
  if (!["signal", "sequence"].includes(seen.kind) || size.length !== 2 || size[0] <= TRACES) return picture(seen, { label });
  const values = unpack(seen.numbers);
  return plane(values, size[0], size[1], values.some((value) => value < 0) ? "signed" : "positive", undefined, label);
}

/** The softmax of the scores, the likeliest classes where there are many. @param {Sheet} sheet */
function result({ graph, context: { t } }) {
  const { classes, probabilities, truth } = /** @type {import("../../messages").Prediction} */ (graph.prediction);
  const order = classes.map((_, at) => at).sort((a, b) => probabilities[b] - probabilities[a]);
  const top = order.slice(0, MOST_CLASSES).sort((a, b) => (classes.length > MOST_CLASSES ? 0 : a - b));
  const rows = top.map((at) => {
    const win = at === order[0] ? ".winner" : "";
    return [
      el(`span.label${win}${at === truth ? ".true-class" : ""}`, {}, classes[at]),
      el(`span.track${win}`, {}, el("i", { style: { width: `${100 * probabilities[at]}%` } })),
      el(`span.number${win}`, {}, fixed(probabilities[at])),
    ];
  });
  return el("div.result", { role: "group", "aria-label": t("Prediction: {name}, {share}", { name: classes[order[0]], share: percent(probabilities[order[0]]) }) },
    el("h3", {}, "softmax"), el("div.prediction", {}, rows), truth !== null && el("p.caption", {}, el("span.dot", {}, "●"), t("true class")));
}

const cross = () => el("span.cross", { "aria-hidden": "true" }, "×");

/** @param {Sheet} sheet */
function failed({ graph, context: { t } }) {
  const { failure } = graph;
  const name = failure?.operation?.name || failure?.operation?.op || failure?.where || "";
  return el("div.op.failed", { title: failure?.what },
    el("span.look", {}, cross()), el("b", {}, short(name)), el("span.what", {}, t("did not run")));
}
