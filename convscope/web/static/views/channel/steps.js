/** Recurrent layers: each gate as steps × units on one time axis, and the cell of the chosen step as a diagram. */

import { limit as limitOf, row, unpack } from "../../draw/arrays.js";
import { el } from "../../draw/dom.js";
import { formula } from "../../draw/formula.js";
import { fixed, plain, signed } from "../../draw/numbers.js";
import { legend, plane, spark, strip } from "../../draw/plane.js";
import { diagram } from "./cell.js";
import { cell, drag, heading, keys, low, player, put, width } from "./bits.js";
import { cellOf, gatesOf, ticks } from "./kinds.js";
import { way } from "./place.js";

/** @typedef {import("../../main.js").Context} Context */
/** @typedef {import("../../messages").OneNumber} OneNumber */
/** @typedef {import("../../messages").Layer} Layer */
/** @typedef {{name: string, values: Float32Array, shown: Float32Array, high: number, wide: number, limit: number, unit: boolean, rough?: boolean}} Lane shown: what is coloured, high: rows, wide: steps, rough: a byte a number */

const LEFT = 132; // where the time axis begins

/** One unit over its steps, on the layer page. @param {ArrayLike<number>} values @param {number[]} _space @param {{label?: string}} [options] */
export const tile = (values, _space, { label = "" } = {}) => spark(values, { label });

/**
 * @param {{channel: import("../../messages").Channel, number: OneNumber | null, layer: Layer | null, graph: import("../../messages").Graph}} messages
 * @param {Context} context
 * @returns {Promise<(Node | string)[]>}
 */
export async function draw({ channel, number, layer, graph }, context) {
  const { t, state, go } = context;
  const operation = graph.operations.find(({ index }) => index === state.op);
  const input = await inputOf(graph, operation?.inputs[0] ?? -1, channel.output.shape[0], context);
  const [unit, steps] = [state.channel ?? 0, channel.output.shape[0] ?? 1];
  const at = state.at?.[0] ?? 0;
  const lanes = lanesOf(layer, channel, input, t);
  const own = unpack(channel.output);
  const page = { lanes, steps, unit, at, context, own, units: layer?.channels ?? 1 };
  const below = el("div.kind-stack");
  put(below, cellParts(number, context));
  const settle = (/** @type {number} */ to, /** @type {number} */ toUnit = page.unit) => go({ at: [to], channel: toUnit }, { replace: true });
  const box = el("section.panel.kind-steps");
  const show = (/** @type {number} */ to) => {
    page.at = to;
    put(box, stage(page, walker, (step, toUnit) => {
      page.unit = toUnit;
      walker.move(step);
    }));
    if (to !== at) below.classList.add("waiting");
  };
  const walker = player({ key: `${state.op} steps`, size: steps, at, t, label: t("Step"), words: (step) => t("step {step}: {value}", { step, value: fixed(own[step], 4) }), show, settle: (to) => settle(to) });
  show(at);
  new ResizeObserver(() => box.isConnected && show(page.at)).observe(box);
  return [
    heading(t("{name}, unit {unit} at step {step}", { name: operation?.name.split(".").pop() ?? "", unit, step: at }), t("{steps} steps, {units} units", { steps, units: page.units }), legend("signed", t("shut, negative"), t("open, positive")), way(context)),
    el("section.kind-walk", {}, walker.box, el("span.caption", {}, t("Each row on its own scale; a gate has no colour where it is half open. Press a step, walk with the arrow keys."))),
    box, below,
  ];
}

/** What the layer reads, as features × steps; null where it cannot be had. @param {import("../../messages").Graph} graph @param {number} index @param {number} steps @param {Context} context */
async function inputOf(graph, index, steps, { ask }) {
  if (index < 0) {
    const { shape } = graph.input.look.numbers;
    return shape.length === 2 && shape[1] === steps ? { values: unpack(graph.input.look.numbers), high: shape[0], wide: steps } : null;
  }
  const layer = await ask(`layer/${index}?sort=index&page=0`).catch(() => null);
  if (!layer || layer.maps.shape.length !== 2) return null;
  const [items, places] = layer.maps.shape;
  const values = unpack(layer.maps);
  if (places === steps) return { values, high: items, wide: steps };
  return items === steps && layer.pages === 1 ? { values: turned(values, items, places), high: places, wide: items } : null;
}

/** Rows and columns change places. @param {Float32Array} values @param {number} rows @param {number} places */
function turned(values, rows, places) {
  const found = new Float32Array(values.length);
  for (let at = 0; at < rows; at += 1) for (let place = 0; place < places; place += 1) found[place * rows + at] = values[at * places + place];
  return found;
}

/** Input, gates and states, one below the other. @param {Layer | null} layer @param {import("../../messages").Channel} channel @param {{values: Float32Array, high: number, wide: number} | null} input @param {Context["t"]} t @returns {Lane[]} */
function lanesOf(layer, channel, input, t) {
  /** @type {Lane[]} */
  const lanes = input ? [{ name: t("input"), ...input, shown: input.values, limit: limitOf(input.values), unit: false }] : [];
  const { gates } = layer ?? {};
  if (gates) {
    const [, steps, units] = gates.values.shape;
    const values = unpack(gates.values);
    gates.names.forEach((name, place) => {
      const own = turned(row(values, gates.values.shape, place), steps, units);
      const shown = name.includes("gate") ? own.map((value) => value - 0.5) : own; // half open is the middle of the colours
      lanes.push({ name, values: own, shown, high: units, wide: steps, limit: limitOf(shown), unit: true });
    });
  }
  const own = unpack(channel.output);
  if (layer && layer.maps.shape.length === 2 && layer.maps.shape[1] === own.length) {
    const values = unpack(layer.maps);
    lanes.push({ name: t("hidden state"), values, shown: values, high: layer.maps.shape[0], wide: own.length, limit: limitOf([layer.low, layer.high]), unit: true, rough: true });
  } else lanes.push({ name: t("hidden state"), values: own, shown: own, high: 1, wide: own.length, limit: limitOf(own), unit: false });
  return lanes;
}

/**
 * The rows on one time axis; the chosen step is a column through all of them.
 * @param {{lanes: Lane[], steps: number, unit: number, at: number, context: Context, units: number, own: Float32Array}} page @param {ReturnType<typeof player>} walker @param {(step: number, unit: number) => void} pick
 */
function stage({ lanes, steps, unit, at, units, own, context: { t, state: { channel } } }, walker, pick) {
  const tall = Math.max(24, Math.min(low() ? 40 : 60, Math.floor((low() ? 250 : 420) / lanes.length)));
  const numberOf = (/** @type {Lane} */ { values, wide, high, unit: units_, rough }) => (rough ? (unit === channel ? fixed(own[at], 4) : "") : units_ && wide === steps && unit < high ? fixed(values[unit * wide + at], 4) : "");
  const rows = lanes.flatMap((lane) => [
    el("span.kind-lane-name", {}, el("b", {}, t(lane.name)), el("small", {}, lane.unit ? t("{units} units", { units: lane.high }) : t("{features} features", { features: lane.high })), el("output", {}, numberOf(lane))),
    el("div.kind-lane", { "data-lane": lane.unit ? "unit" : "", style: { height: `${tall}px` } }, plane(lane.shown, lane.high, lane.wide, "signed", lane.limit, t(lane.name)),
      lane.unit && unit < lane.high && el("i.kind-unit", { style: { top: `${(100 * unit) / lane.high}%`, height: `${100 / lane.high}%` } })),
  ]);
  const marks = el("div.kind-ticks", {}, ticks(steps, Math.max(2, Math.floor(width(34 + LEFT) / 48))).map((step) => el("span", { style: { left: `${(100 * (step + 0.5)) / steps}%` } }, step)));
  const column = el("i.kind-column", { style: { "--from": `${(100 * at) / steps}%`, "--wide": `${100 / steps}%` } });
  const box = el("div.kind-lanes-of-steps", { tabindex: 0, role: "slider", "aria-label": t("Step"), "aria-valuemin": 0, "aria-valuemax": steps - 1, "aria-valuenow": at, "aria-valuetext": t("step {step}, unit {unit}", { step: at, unit }), "data-focus": "steps" },
    rows, el("span"), marks, el("div.kind-over", {}, column));
  let held = /** @type {Element | null} */ (null);
  drag(box, (event) => {
    if (event.type === "pointerdown") held = event.target instanceof Element ? event.target.closest(".kind-lane") : null;
    const lane = /** @type {HTMLElement | null} */ (held);
    const area = document.querySelector(".kind-over")?.getBoundingClientRect();
    if (!area) return;
    const step = Math.max(0, Math.min(steps - 1, Math.floor(((event.clientX - area.left) / area.width) * steps)));
    const inside = lane?.dataset.lane && event.type === "pointerdown" ? lane.getBoundingClientRect() : null;
    const high = lanes.find((each) => each.unit)?.high ?? 1;
    if (inside) unit = Math.max(0, Math.min(units - 1, Math.floor(((event.clientY - inside.top) / inside.height) * high)));
    pick(step, unit);
    /** @type {HTMLElement | null} */ (document.querySelector(".kind-lanes-of-steps"))?.focus({ preventScroll: true });
  });
  keys(box, { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1e6, ArrowDown: 1e6, Home: -steps, End: steps }, (by) => {
    if (Math.abs(by) < 1e6) walker.by(by);
    else pick(at, Math.max(0, Math.min(units - 1, unit + Math.sign(by))));
  }, walker.press);
  return [box];
}

/* — the cell of one step — */

/** @param {OneNumber | null} number @param {Context} context @returns {(Node | string)[]} */
function cellParts(number, context) {
  const { t } = context;
  if (!number) return [];
  const gates = gatesOf(number.steps);
  if (!gates.length) return [el("p.soft", {}, number.what)];
  return [
    el("section.panel.kind-cell-panel", {}, el("header", {}, el("h2", {}, t("The cell at this step")), el("span.caption", {}, number.notes[0] ?? "")), el("p.small.soft.kind-what", {}, number.what), diagram(gates, cellOf(number.steps), t)),
    el("section.panel.kind-terms", {}, el("header", {}, el("h2", {}, t("The gates in numbers")), el("span.caption", {}, t("the strips are the products, one by one"))), gateTable(gates, t)),
  ];
}

/** @param {import("./kinds.js").Gate[]} gates @param {Context["t"]} t */
function gateTable(gates, t) {
  const limit = limitOf(gates.flatMap(({ input, hidden }) => [input.value, hidden.value]));
  const values = (/** @type {import("../../messages").Step} */ step) => /** @type {number[]} */ ([step.terms?.values ?? []].flat(9));
  const products = (/** @type {import("../../messages").Step} */ step) => el("span.kind-products", { title: step.numbers }, strip(values(step), limitOf(values(step)), "signed", step.name), cell(step.value, limit));
  const counts = (/** @type {"input" | "hidden"} */ part) => values(gates[0][part]).length;
  return el("div.kind-gates", {},
    el("div.row.head", {}, el("span"), el("span", {}, t("from the input, Σ of {n}", { n: counts("input") })), el("span", {}, t("bias")), el("span", {}, t("from the state before, Σ of {n}", { n: counts("hidden") })), el("span", {}, t("bias")), el("span", {}, t("together")), el("span"), el("span", {}, t("value"))),
    gates.map((gate) => el("div.row", {},
      el("span.who", {}, el("i", {}, gate.letter), t(gate.name)), products(gate.input), el("span.number", {}, signed(gate.inputBias, 3)), products(gate.hidden),
      el("span.number", {}, gate.reset === null ? signed(gate.hiddenBias, 3) : el("span", { title: t("the reset gate scales this part") }, `${signed(gate.hiddenBias, 3)}, ·${fixed(gate.reset, 3)}`)), el("span.number", {}, signed(gate.before, 4)),
      el("span.squeeze", {}, formula(gate.squeeze)), el("span.number.strong", { title: plain(gate.value, 8) }, fixed(gate.value, 4)))));
}
