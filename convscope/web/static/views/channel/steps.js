/** Recurrent layers: each gate as steps × units on one time axis, and the cell of the chosen step as a diagram. */

import { limit as limitOf, row, unpack } from "../../draw/arrays.js";
import { el, put } from "../../draw/dom.js";
import { formula, written } from "../../draw/formula.js";
import { fixed, plain, signed } from "../../draw/numbers.js";
import { legend, plane, strip } from "../../draw/plane.js";
import { diagram } from "./cell.js";
import { came, kept } from "../kept.js";
import { cell, drag, heading, keys } from "./bits.js";
import { ticks } from "./kinds.js";
import { address, way } from "./place.js";
import { player } from "./player.js";

/** @typedef {import("../../main.js").Context} Context */
/** @typedef {import("../../messages").OneNumber} OneNumber */
/** @typedef {import("../../messages").Layer} Layer */
/** @typedef {{name: string, values: Float32Array, shown: Float32Array, high: number, wide: number, limit: number, unit: boolean, own?: Float32Array}} Lane shown: what is coloured, high: rows, wide: steps, unit: each row is one, own: the chosen unit's numbers where `values` have a byte each */

const LEFT = 132; // where the time axis begins
const PADS = 34; // of the panel around it

/** @typedef {import("../channel.js").Messages} Messages */
/** @typedef {{lanes: Lane[], own: Float32Array, steps: number, units: number, unit: number, at: number, context: Context, pick: (step: number, unit: number) => void}} Page unit, at: what is chosen */

/** @param {import("../../state.js").State} state @param {Messages} messages @returns {Record<string, string>} */
export function wants(state, { graph, channel }) {
  const before = operationOf(graph, channel.index)?.inputs[0] ?? -1;
  const layer = (/** @type {number} */ index) => `layer/${index}?sort=index&page=0`;
  return { number: address(channel, state.at ?? []), layer: layer(channel.index), ...(before < 0 ? {} : { before: layer(before) }) };
}

/** @param {import("../../messages").Graph} graph @param {number} index */
const operationOf = ({ operations }, index) => operations.find((each) => each.index === index);

/** @param {Messages} messages @param {Context} context @returns {(Node | string)[]} */
export function draw(messages, context) {
  const { channel, graph, number } = messages;
  const { t } = context;
  const page = pageOf(messages, context);
  const { steps, unit, units, at } = page;
  const shown = kept(context, "steps", [graph.trace, channel.index], () => build(page));
  Object.assign(shown.page, page);
  put(shown.box, stage(shown.page, shown.walker));
  shown.walker.show();
  if (number !== undefined) put(shown.below, cellParts(came(number), context));
  shown.below.classList.toggle("waiting", number === undefined);
  const name = operationOf(graph, channel.index)?.name.split(".").pop() ?? "";
  return [
    heading(t("{name}, unit {unit} at step {step}", { name, unit, step: at }), t("{steps} steps, {units} units", { steps, units }), legend("signed", t("shut, negative"), t("open, positive")), way(context)),
    shown.walk, shown.box, shown.below,
  ];
}

/** @param {Messages} messages @param {Context} context @returns {Page} */
function pageOf({ channel, graph, ...messages }, context) {
  const layer = came(messages.layer);
  const steps = channel.output.shape[0] ?? 1;
  const lanes = lanesOf(layer, channel, inputOf(graph, came(messages.before), channel, steps), context.t);
  const pick = (/** @type {number} */ step, /** @type {number} */ unit) => context.go({ at: [step], channel: unit }, "pass");
  return { lanes, own: unpack(channel.output), steps, units: layer?.channels ?? 1, unit: channel.channel, at: context.state.at?.[0] ?? 0, context, pick };
}

/** What stays while the step is another one. @param {Page} first */
function build(first) {
  const page = { ...first };
  const { t } = page.context;
  const words = (/** @type {number} */ step) => t("step {step}: {value}", { step, value: fixed(page.own[step], 4) });
  const walker = player({ size: page.steps, at: () => page.at, label: t("Step"), words, move: (to) => page.pick(to, page.unit) }, page.context);
  const walk = el("section.kind-walk", {}, el("div.kind-player", {}, walker.tools, walker.slider), el("span.caption", {}, t("Each row on its own scale; a gate has no colour where it is half open. Press a step, walk with the arrow keys.")));
  const box = el("section.panel.kind-steps");
  page.context.resized(box, () => put(box, stage(page, walker)));
  return { page, walker, walk, box, below: el("div.kind-stack") };
}

/** What the layer reads, as features × steps; null where it cannot be had. @param {import("../../messages").Graph} graph @param {Layer | null} layer that it reads @param {import("../../messages").Channel} channel @param {number} steps */
function inputOf(graph, layer, channel, steps) {
  if ((operationOf(graph, channel.index)?.inputs[0] ?? -1) < 0) {
    const { numbers } = graph.input.look;
    return numbers.shape.length === 2 && numbers.shape[1] === steps ? { values: unpack(numbers), high: numbers.shape[0], wide: steps } : null;
  }
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
    lanes.push({ name: t("hidden state"), values, shown: values, high: layer.maps.shape[0], wide: own.length, limit: limitOf([layer.low, layer.high]), unit: true, own });
  } else lanes.push({ name: t("hidden state"), values: own, shown: own, high: 1, wide: own.length, limit: limitOf(own), unit: false });
  return lanes;
}

/** The rows on one time axis; the chosen step is a column through all of them. @param {Page} page @param {ReturnType<typeof player>} walker */
function stage({ lanes, steps, unit, at, units, context, pick }, walker) {
  const { t, screen, listen } = context;
  const tall = Math.max(24, Math.min(screen.low ? 40 : 60, Math.floor((screen.low ? 250 : 420) / lanes.length)));
  const rows = lanes.flatMap((lane) => laneRow(lane, { tall, unit, at, t }));
  const marks = el("div.kind-ticks", {}, ticks(steps, Math.max(2, Math.floor((screen.main() - PADS - LEFT) / 48))).map((step) => el("span", { style: { left: `${(100 * (step + 0.5)) / steps}%` } }, step)));
  const over = el("div.kind-over", {}, el("i.kind-column", { style: { "--from": `${(100 * at) / steps}%`, "--wide": `${100 / steps}%` } }));
  const box = el("div.kind-lanes-of-steps", { tabindex: 0, role: "slider", "aria-label": t("Step"), "aria-valuemin": 0, "aria-valuemax": steps - 1, "aria-valuenow": at, "aria-valuetext": t("step {step}, unit {unit}", { step: at, unit }), "data-focus": "steps" },
    rows, el("span"), marks, over);
  let place = /** @type {DOMRect | null} */ (null); // it stays where it is while it is drawn anew
  drag(box, listen, (event) => {
    place ??= over.getBoundingClientRect();
    const step = Math.max(0, Math.min(steps - 1, Math.floor(((event.clientX - place.left) / place.width) * steps)));
    const lane = event.type === "pointerdown" && event.target instanceof Element ? event.target.closest("[data-lane='unit']") : null;
    if (lane) unit = unitAt(event, lane, lanes, units);
    box.focus({ preventScroll: true });
    pick(step, unit);
  });
  keys(box, { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1e6, ArrowDown: 1e6, Home: -at, End: steps - 1 - at }, (by) => {
    if (Math.abs(by) < 1e6) pick(Math.max(0, Math.min(steps - 1, at + by)), unit);
    else pick(at, Math.max(0, Math.min(units - 1, unit + Math.sign(by))));
  }, walker.press);
  return [box];
}

/** @param {PointerEvent} event @param {Element} lane @param {Lane[]} lanes @param {number} units */
function unitAt(event, lane, lanes, units) {
  const inside = lane.getBoundingClientRect();
  const high = lanes.find((each) => each.unit)?.high ?? 1;
  return Math.max(0, Math.min(units - 1, Math.floor(((event.clientY - inside.top) / inside.height) * high)));
}

/** @param {Lane} lane @param {{tall: number, unit: number, at: number, t: Context["t"]}} options */
function laneRow(lane, { tall, unit, at, t }) {
  const { own, values, wide, high } = lane;
  const number = own ? fixed(own[at], 4) : lane.unit && unit < high ? fixed(values[unit * wide + at], 4) : "";
  return [
    el("span.kind-lane-name", {}, el("b", {}, t(lane.name)), el("small", {}, lane.unit ? t("{units} units", { units: high }) : t("{features} features", { features: high })), el("output", {}, number)),
    el("div.kind-lane", { "data-lane": lane.unit ? "unit" : "", style: { height: `${tall}px` } }, plane(lane.shown, high, wide, "signed", lane.limit, t(lane.name)),
      lane.unit && unit < high && el("i.kind-unit", { style: { top: `${(100 * unit) / high}%`, height: `${100 / high}%` } })),
  ];
}

/* — the cell of one step — */

/** @param {OneNumber | null} number @param {Context} context @returns {(Node | string)[]} */
function cellParts(number, context) {
  const { t } = context;
  if (!number) return [];
  const { cell: states } = number;
  const gates = number.steps.flatMap(({ name, value, gate }) => (gate ? [{ ...gate, name, value, input: number.steps[gate.input], hidden: number.steps[gate.hidden] }] : []));
  if (!gates.length || !states) return [el("p.soft", {}, number.what)];
  return [
    el("section.panel.kind-cell-panel", {}, el("header", {}, el("h2", {}, t("The cell at this step")), el("span.caption", {}, number.notes[0] ?? "")), el("p.small.soft.kind-what", {}, number.what), diagram(gates, states, t)),
    el("section.panel.kind-terms", {}, el("header", {}, el("h2", {}, t("The gates in numbers")), el("span.caption", {}, t("the strips are the products, one by one"))), gateTable(gates, t)),
  ];
}

/** @param {import("./cell.js").Gate[]} gates @param {Context["t"]} t */
function gateTable(gates, t) {
  const limit = limitOf(gates.flatMap(({ input, hidden }) => [input.value, hidden.value]));
  const values = (/** @type {import("../../messages").Step} */ step) => /** @type {number[]} */ ([step.terms?.values ?? []].flat(9));
  const products = (/** @type {import("../../messages").Step} */ step) => el("span.kind-products", { title: step.numbers.text }, strip(values(step), limitOf(values(step)), "signed", step.name), cell(step.value, limit));
  const counts = (/** @type {"input" | "hidden"} */ part) => values(gates[0][part]).length;
  return el("div.kind-gates", {},
    el("div.row.head", {}, el("span"), el("span", {}, t("from the input, Σ of {n}", { n: counts("input") })), el("span", {}, t("bias")), el("span", {}, t("from the state before, Σ of {n}", { n: counts("hidden") })), el("span", {}, t("bias")), el("span", {}, t("together")), el("span"), el("span", {}, t("value"))),
    gates.map((gate) => el("div.row", {},
      el("span.who", {}, el("i", {}, gate.letter), t(gate.name)), products(gate.input), el("span.number", {}, signed(gate.input_bias, 3)), products(gate.hidden),
      el("span.number", {}, gate.reset === null ? signed(gate.hidden_bias, 3) : el("span", { title: t("the reset gate scales this part") }, `${signed(gate.hidden_bias, 3)}, ·${fixed(gate.reset, 3)}`)), el("span.number", {}, signed(gate.before, 4)),
      el("span.squeeze", {}, formula(written(gate.squash))), el("span.number.strong", { title: plain(gate.value, 8) }, fixed(gate.value, 4)))));
}
