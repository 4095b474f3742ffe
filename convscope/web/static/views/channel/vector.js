/** A linear layer: every input times its weight, the largest products first, and which part of which map spoke. */

import { length, limit as limitOf, unravel } from "../../draw/arrays.js";
import { el, put } from "../../draw/dom.js";
import { count, fixed, plain, shape } from "../../draw/numbers.js";
import { columns, plane } from "../../draw/plane.js";
import { came } from "../kept.js";
import { cell, heading, ranking, signedLegend, tone } from "./bits.js";
import { mapsBefore, total } from "./kinds.js";
import { address, way } from "./place.js";
import { prediction } from "./softmax.js";

/** @typedef {import("../../main.js").Context} Context */
/** @typedef {import("../../messages").Graph} Graph */
/** @typedef {import("../../messages").OneNumber} OneNumber */
/** @typedef {import("../../messages").Operation} Operation */
/** @typedef {{input: number[], weight: number[], product: number[], bias: number | null, result: number}} Products */

const PLACES = 8; // single inputs in sight
/** One number of many on the layer page: a bar. @param {ArrayLike<number>} values @param {number[]} _space @param {{limit?: number, label?: string}} [options] */
export function tile(values, _space, { limit = limitOf(values), label = "" } = {}) {
  return el("span.kind-meter", { role: "img", "aria-label": label }, el("i", { style: { left: 0, width: `${(100 * Math.abs(values[0])) / limit}%`, background: tone(values[0]) } }));
}

/** @param {import("../../state.js").State} state @param {import("../channel.js").Messages} messages */
export const wants = (state, { channel }) => ({ number: address(channel, state.at ?? []), layer: `layer/${channel.index}?sort=index&page=${Math.floor(channel.channel / 64)}` });

/** How many rows of the list are open. @param {Context} context */
const opened = ({ memory, state }) => memory(`rows of ${state.op}`, () => ({ rows: 0 }));

/** @param {import("../channel.js").Messages} messages @param {Context} context @returns {(Node | string)[]} */
export function draw({ number, graph, ...messages }, context) {
  const { t, state } = context;
  const operation = /** @type {Operation} */ (graph.operations.find(({ index }) => index === state.op));
  const proof = came(number);
  const found = proof && productsOf(proof);
  if (!found) return [heading(operation.name, number ? t("There is nothing more to say about this number.") : "")];
  const layer = came(messages.layer);
  const classes = outputNames(graph, operation);
  const before = mapsBefore(graph.operations, operation.index, found.input.length);
  const source = before && before.shape[1] > 1 ? before : null;
  const title = classes ? t("{name}, output {channel}: {class}", { name: short(operation), channel: state.channel ?? 0, class: classes[state.channel ?? 0] }) : t("{name}, output {channel}", { name: short(operation), channel: state.channel ?? 0 });
  return [
    heading(title, t("{n} products{bias}", { n: count(found.product.length), bias: found.bias === null ? "" : t(" and a bias") }), signedLegend(t), way(context)),
    row3(found, source, context),
    source && length(source.shape.slice(2)) > 1 ? maps(found, source, context) : places(found, source, context),
    ...(layer ? [outputs(layer, classes, context)] : []),
    ...(classes ? prediction(graph, context) : []),
  ];
}

/** @param {Operation} operation */
const short = ({ name }) => name.split(".").pop() ?? name;

/** The factors of a linear layer, whatever they are called. @param {OneNumber} number @returns {Products | null} */
function productsOf({ terms, bias, result }) {
  if (!terms || terms.rule !== "sum") return null;
  const flat = Object.values(terms.factors).map((each) => /** @type {number[]} */ ([each].flat(9)));
  const product = /** @type {number[]} */ ([terms.values].flat(9));
  if (flat.length !== 2 || flat.some((each) => each.length !== product.length)) return null;
  return { input: flat[0], weight: flat[1], product, bias, result };
}

/** The names of the outputs, where they are classes. @param {Graph} graph @param {Operation} operation */
function outputNames({ prediction: found, operations }, operation) {
  const after = operations.filter(({ index }) => index > operation.index);
  const fits = found && found.classes.length === operation.shape[operation.shape.length - 1];
  return fits && after.every(({ shape: sizes }) => sizes.join() === operation.shape.join()) ? found.classes : null;
}

/** All inputs, weights and products above each other, on one axis. @param {Products} found @param {Operation | null} source @param {Context} context */
function row3({ input, weight, product }, source, { t }) {
  const readout = el("p.caption.kind-readout", {}, t("Point at a column for its numbers."));
  const lanes = el("div.kind-lanes", {},
    el("span", {}, t("inputs"), el("i", {}, "x")), columns(input, 48, t("inputs")),
    el("span", {}, t("weights"), el("i", {}, "w")), columns(weight, 48, t("weights")),
    el("span", {}, t("products"), el("i", {}, "x·w")), columns(product, 56, t("products")));
  const rule = el("i.kind-rule");
  const box = el("section.panel.kind-vector", {}, el("header", {}, el("h2", {}, t("All {n} products", { n: count(product.length) })), readout), el("div.kind-lanes-box", {}, lanes, rule));
  lanes.addEventListener("pointermove", (event) => {
    const canvas = lanes.querySelector("canvas")?.getBoundingClientRect();
    if (!canvas) return;
    const at = Math.floor(((event.clientX - canvas.left) / canvas.width) * product.length);
    if (at < 0 || at >= product.length) return;
    rule.style.left = `${canvas.left - lanes.getBoundingClientRect().left + ((at + 0.5) / product.length) * canvas.width}px`;
    rule.classList.add("on");
    readout.textContent = `${placeName(at, source, t)}:  ${plain(input[at])} · ${plain(weight[at])} = ${plain(product[at])}`;
  });
  lanes.addEventListener("pointerleave", () => rule.classList.remove("on"));
  return box;
}

/** Which number an input is. @param {number} at @param {Operation | null} source @param {Context["t"]} t */
function placeName(at, source, t) {
  if (!source) return t("input {at}", { at });
  const [channel, ...place] = unravel(at, source.shape.slice(1));
  return length(source.shape.slice(2)) > 1 ? t("map {channel} at ({place})", { channel, place: place.join(", ") }) : t("feature {channel}", { channel });
}

/* — inputs that were maps: which part of which map spoke — */

/** @param {Products} found @param {Operation} source @param {Context} context */
function maps(found, source, context) {
  const { t, go, screen } = context;
  const open = opened(context);
  const [channels, ...space] = source.shape.slice(1);
  const size = length(space);
  const cut = (/** @type {number[]} */ values, /** @type {number} */ channel) => values.slice(channel * size, (channel + 1) * size);
  const limits = { input: limitOf(found.input), weight: limitOf(found.weight), product: limitOf(found.product) };
  const small = (/** @type {number[]} */ values, /** @type {number} */ limit, /** @type {string} */ kind) => el(`span.kind-mini.kind-square${kind}`, {}, drawn(values, space, limit));
  const rows = Array.from({ length: channels }, (_, channel) => ({
    key: String(channel), name: t("map {channel}", { channel }), sum: total(cut(found.product, channel)),
    pictures: () => [small(cut(found.input, channel), limits.input, ".sign-times"), small(cut(found.weight, channel), limits.weight, ".sign-equals"), small(cut(found.product, channel), limits.product, "")],
  }));
  const evidence = Array.from({ length: size }, (_, place) => {
    let sum = 0;
    for (let channel = 0; channel < channels; channel += 1) sum += found.product[channel * size + place];
    return sum;
  });
  const box = el("section.panel.kind-evidence");
  const show = () => put(box, [
    el("figure", {}, el("span.kind-big", { style: { "--wide": space[space.length - 1] ?? 1, "--high": size / (space[space.length - 1] ?? 1) } }, drawn(evidence, space, limitOf(evidence), t("products summed over all maps, place by place"))),
      el("figcaption", {}, t("Where it spoke: the products of all {channels} maps, summed place by place. Orange speaks for this output, blue against it.", { channels }))),
    ranking(rows, found.bias, { t, kind: ".maps", heads: [t("map"), t("weights"), t("products")], most: open.rows || (screen.low ? 5 : 6), label: t("Maps by what they bring"),
      further: (left) => t("{count} further maps", { count: left }), open: () => ((open.rows = rows.length), show()),
      choose: ({ key }) => go({ op: source.index, level: "channel", channel: Number(key), at: null }) }),
    el("p.caption.kind-hint", {}, t("The inputs are the {channels} maps of {name}, {size} each, laid in a row. Press a map to open it.", { channels, name: source.name, size: shape(space) }))]);
  show();
  return box;
}

/** A map as it is; of a volume, its slices are summed along depth; a signal is a strip. @param {number[]} values @param {number[]} space @param {number} limit @param {string} [label] */
function drawn(values, space, limit, label = "") {
  const [height, width] = space.length > 1 ? space.slice(-2) : [1, space[0] ?? 1];
  if (space.length < 3) return plane(values, height, width, "signed", limit, label);
  const size = height * width;
  const flat = Array.from({ length: size }, (_, place) => {
    let sum = 0;
    for (let depth = 0; depth < space[0]; depth += 1) sum += values[depth * size + place];
    return sum / space[0];
  });
  return plane(flat, height, width, "signed", limit, label);
}

/* — inputs that stand alone — */

/** @param {Products} found @param {Operation | null} source @param {Context} context */
function places(found, source, context) {
  const { t, go, screen } = context;
  const open = opened(context);
  const limits = { input: limitOf(found.input), weight: limitOf(found.weight), product: limitOf(found.product) };
  const rows = found.product.map((sum, at) => ({
    key: String(at), name: placeName(at, source, t), sum,
    pictures: () => [cell(found.input[at], limits.input), cell(found.weight[at], limits.weight), cell(sum, limits.product)],
  }));
  const box = el("section.panel.kind-terms");
  const show = () => put(box, [
    ranking(rows, found.bias, { t, kind: ".places", heads: [t("input"), t("weight"), t("product")], most: open.rows || (screen.low ? PLACES - 1 : PLACES + 2), label: t("Inputs by what they bring"),
      further: (left) => t("{count} further products", { count: count(left) }), open: () => ((open.rows = (open.rows || PLACES) + 40), show()),
      choose: source ? ({ key }) => go({ op: source.index, level: "channel", channel: Number(key), at: null }) : undefined }),
    source ? el("p.caption.kind-hint", {}, t("Feature k is channel k of {name}. Press a row to see where it comes from.", { name: source.name })) : ""]);
  show();
  return box;
}

/* — the other outputs — */

/** @param {import("../../messages").Layer} layer @param {string[] | null} classes @param {Context} context */
function outputs({ items, channels, pages }, classes, { t, go, state }) {
  const most = limitOf(items.map(({ mean }) => mean));
  const each = items.map(({ channel, mean }) =>
    el("button.kind-output", { type: "button", "aria-pressed": String(channel === state.channel), "data-focus": `output ${channel}`, title: plain(mean, 6), onclick: () => go({ channel, at: [] }) },
      el("span", {}, classes ? classes[channel] : channel), el("span.kind-meter.centred", {}, el("i", { style: { [mean < 0 ? "right" : "left"]: "50%", width: `${(50 * Math.abs(mean)) / most}%`, background: tone(mean) } })), el("span.number", {}, fixed(mean, 2))));
  return el("section", {}, el("div.title-row.kind-below", {}, el("h2", {}, pages > 1 ? t("{shown} of {count} outputs", { shown: items.length, count: count(channels) }) : t("All {count} outputs", { count: channels }))), el("div.kind-outputs", {}, each));
}
