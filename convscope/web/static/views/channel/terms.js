/** Any other operation: what it does, its formula, its steps as lines, its terms as cells, the largest first. */

import { limit as limitOf, length, ravel, unpack, unravel } from "../../draw/arrays.js";
import { linked, short } from "../../draw/cells.js";
import { colourOf, css, inkOn } from "../../draw/colour.js";
import { button, el } from "../../draw/dom.js";
import { formula } from "../../draw/formula.js";
import { count, fixed, plain } from "../../draw/numbers.js";
import { came } from "../kept.js";
import { address, way } from "./place.js";
import { prediction } from "./softmax.js";
import { marked, pickable } from "./pick.js";

/** @typedef {import("../../messages").Terms} Terms */
/** @typedef {import("../../messages").Nested} Nested */
/** @typedef {import("../../messages").OneNumber} OneNumber */
/** @typedef {import("../../messages").Graph} Graph */
/** @typedef {import("../../main.js").Context} Context */

const FIRST = 24; // terms shown before one asks for more
const TINY = 5e-4; // "0.000" would say nothing

/** @typedef {import("../channel.js").Messages} Messages */

/** @param {import("../../state.js").State} state @param {Messages} messages @returns {Record<string, string>} */
export function wants(state, { graph, channel }) {
  const [first, second] = joined(graph, channel).map(({ index }) => `channel/${index}/${channel.channel}`);
  return { number: address(channel, state.at ?? []), ...(first && { first, second }) };
}

/** The two operations whose maps this one joins; none where they are not of one shape. @param {Graph} graph @param {import("../../messages").Channel} channel */
function joined({ operations }, channel) {
  const operation = operations.find(({ index }) => index === channel.index);
  const sources = (operation?.inputs ?? []).flatMap((index) => operations.find((each) => each.index === index) ?? []);
  const fit = operation && operation.drawn === "join" && channel.output.shape.length === 2 && sources.length === 2 && sources.every(({ shape }) => shape.join() === operation.shape.join());
  return fit ? sources : [];
}

/** @param {Messages} messages @param {Context} context @returns {(Node | string)[]} */
export function draw(messages, context) {
  const { channel, graph } = messages;
  const { state, t } = context;
  const number = came(messages.number);
  const last = graph.operations[graph.operations.length - 1]?.index === channel.index;
  const operation = graph.operations.find(({ index }) => index === state.op);
  return [
    el("div.title-row.apart", {},
      el("div.title-row", {}, el("h1", {}, titleOf(state, t)), el("span.soft.small", {}, [operation?.name, operation?.what].filter(Boolean).join(" · "))),
      way(context)),
    channel.output.shape.length > 0 ? outputPanel(messages, context) : "",
    ...(number ? account(number, graph, context) : [el("p.soft", {}, messages.number ? t("There is nothing more to say about this number.") : "")]),
    ...(last ? prediction(graph, context) : []),
  ];
}

/** @param {import("../../state.js").State} state @param {typeof import("../../texts.js").t} t */
function titleOf({ channel, at }, t) {
  return at?.length ? t("Channel {k}, element ({at})", { k: channel ?? 0, at: at.join(", ") }) : t("Number {k}", { k: channel ?? 0 });
}

/** The channel itself, behind the two that it joins: press another number. @param {Messages} messages @param {Context} context */
function outputPanel(messages, context) {
  const { channel } = messages;
  const { state, t, go } = context;
  const values = unpack(channel.output);
  const at = state.at ?? [];
  const map = pickable(values, channel.output.shape, at, t("output of channel {k}", { k: channel.channel }), (place) => go({ at: place }, "replace"));
  return el("section.panel.output-panel", {}, operands(messages, context), map, el("div.small.soft", {}, el("p", {}, t("Press another number, or walk with the arrow keys.")), el("p", {}, el("b.value", {}, plain(values[ravel(at, channel.output.shape)], 6)))));
}

/** a + b: the same channel of both, with the same place marked; empty where the two are not of one shape. @param {Messages} messages @param {Context} context */
function operands({ graph, channel, first, second }, { state, t, go }) {
  const operation = /** @type {import("../../messages").Operation} */ (graph.operations.find(({ index }) => index === channel.index));
  const [height, width = 0] = channel.output.shape;
  return joined(graph, channel).flatMap(({ index, name }, place) => {
    const found = came([first, second][place]);
    const stage = el("div.stage", { style: { "--wide": width, "--high": height } }, found && marked(unpack(found.output), [height, width], state.at ?? [], name));
    const open = () => go({ op: index, level: "channel" });
    return [el("button.operand", { type: "button", title: t("Show {name}", { name }), "data-focus": `operand ${place}`, onclick: open }, stage, el("span.caption", {}, name)), el("span.sign", {}, place ? "=" : operation.sign)];
  });
}

/** What a number is made of. @param {OneNumber} number @param {Graph} graph @param {Context} context @returns {(Node | string)[]} */
export function account(number, graph, context) {
  const { t } = context;
  const source = number.terms && moved(number, graph, context);
  return [
    el("section.panel.account", {}, el("p", {}, number.what), el("div", {}, rule(number.formula)), shortened(number.numbers), ...number.notes.map((note) => el("p.small.soft", {}, note)), source),
    number.steps.length > 1 || number.steps[0]?.terms ? el("section.panel", {}, el("h2", {}, t("Step by step")), number.steps.map((step, place) => line(step, place, context))) : "",
    number.terms && !(source && length(shapeOf(number.terms.values)) === 1) ? el("section.panel.card", {}, termTable(number.terms, context)) : "",
  ];
}

/** A rule: its formula, and the words that stand behind it. @param {import("../../messages").Rendered} shown @returns {Node[]} */
export const rule = (shown) => [formula(shown, { general: true }), ...shown.beside.map((words) => el("p.caption", {}, words))];

/** Very long lines of numbers stay readable. @param {import("../../messages").Rendered} shown */
function shortened(shown) {
  const { text } = shown;
  return text.length > 110 ? el("p.written", {}, text.length > 600 ? `${text.slice(0, 600)} …` : text) : formula(shown);
}

/** @param {import("../../messages").Step} step @param {number} place @param {Context} context */
function line(step, place, context) {
  const head = el("div.step-line", {}, el("span.step-name", {}, el("i", {}, place + 1), step.name), el("div.step-formulas", {}, rule(step.formula), shortened(step.numbers)), el("span.number.strong", {}, plain(step.value, 6)));
  if (!step.terms) return head;
  return el("details.step", {}, el("summary", {}, head), termTable(step.terms, context));
}

/** Where a number that was only moved comes from. @param {OneNumber} number @param {Graph} graph @param {Context} context */
function moved({ origin }, graph, { state, t, go }) {
  const operation = graph.operations.find(({ index }) => index === state.op);
  const from = origin && graph.operations.find(({ index }) => index === origin.op);
  if (!from || !(operation?.reshapes || operation?.drawn === "parts") || origin.at.length !== from.shape.length) return null;
  const [, channel = 0, ...at] = origin.at;
  return button(t("It is the number ({at}) of {name}", { at: origin.at.slice(1).join(", "), name: from.name }), { "data-focus": "moved", onclick: () => go({ op: from.index, level: "channel", channel, at }) }, "next");
}

/** Terms by size, with their factors. @param {Terms} terms @param {Context} context */
export function termTable(terms, { t }) {
  const values = /** @type {number[]} */ (numbersOf(terms.values));
  const shape = shapeOf(terms.values);
  const factors = Object.entries(terms.factors).map(([name, nested]) => ({ name, values: /** @type {number[]} */ (numbersOf(nested)) }));
  const order = values.map((_, place) => place).sort((one, other) => Math.abs(values[other]) - Math.abs(values[one]));
  const body = el("div.term-rows", { style: { "--factors": factors.length } });
  const more = button("", { onclick: () => show(shown + 10 * FIRST) });
  let shown = 0;
  const show = (/** @type {number} */ upTo) => {
    body.append(...order.slice(shown, upTo).flatMap((place) => termRow(place, values, factors, shape, terms)));
    shown = Math.min(upTo, order.length);
    more.textContent = t("{n} further terms", { n: count(order.length - shown) });
    more.hidden = shown >= order.length;
  };
  show(FIRST);
  linked(body);
  return el("div.term-table", {},
    el("div.title-row.apart", {}, el("h2", {}, heading(terms.rule, values.length, t)), el("b", {}, `${{ sum: "Σ", max: t("largest"), min: t("smallest") }[terms.rule]} = ${fixed(terms.result, 6)}`)),
    el("div.term-rows.head", { style: { "--factors": factors.length } }, el("span", {}, terms.axes.join(", ") || t("term")), factors.map(({ name }) => el("span", {}, name)), el("span", {}, t("term")), el("span", {}, t("share"))),
    body, more);
}

/** @param {Terms["rule"]} rule @param {number} terms @param {Context["t"]} t */
function heading(rule, terms, t) {
  const n = count(terms);
  if (rule === "max") return t("{n} candidates, the largest wins", { n });
  if (rule === "min") return t("{n} candidates, the smallest wins", { n });
  return terms === 1 ? t("one term") : t("{n} terms, the largest first", { n });
}

/** @param {number} place @param {number[]} values @param {{name: string, values: number[]}[]} factors @param {number[]} shape @param {Terms} terms */
function termRow(place, values, factors, shape, terms) {
  const most = limitOf(values);
  const where = unravel(place, shape).join(", ");
  return el("div.term-row", { "data-tap": place },
    el("span.who", {}, where || "–"),
    factors.map((factor) => tinted(factor.values[factor.values.length === values.length ? place : 0], limitOf(factor.values))),
    tinted(values[place], most),
    el("span.term-bar", {}, el("i", { class: values[place] < 0 ? "down" : "up", style: { width: `${Math.min(50, (50 * Math.abs(values[place])) / most)}%` } })),
    terms.rule !== "sum" && values[place] === terms.result ? el("b.winner", {}, "◂") : null);
}

/** @param {number} value @param {number} most */
function tinted(value, most) {
  const rgb = colourOf(value, "signed", most);
  return el("span.term-cell", { title: String(value), style: { background: css(rgb), color: inkOn(rgb) } }, value === null ? "–" : value !== 0 && Math.abs(value) < TINY ? plain(value, 1) : short(value));
}

/** @param {Nested} nested @returns {(number)[]} */
export const numbersOf = (nested) => (Array.isArray(nested) ? nested.flatMap(numbersOf) : [nested]);

/** @param {Nested} nested @returns {number[]} */
export const shapeOf = (nested) => (Array.isArray(nested) ? [nested.length, ...(nested.length ? shapeOf(nested[0]) : [])] : []);
