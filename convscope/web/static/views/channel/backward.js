/**
 * The way back: one gradient as the sum that it is, equal to autograd's, and what one step of an optimizer makes
 * of the number.
 */

import { limit as limitOf, ravel, row, unpack, unravel } from "../../draw/arrays.js";
import { cells } from "../../draw/cells.js";
import { el, segments } from "../../draw/dom.js";
import { plain } from "../../draw/numbers.js";
import { plane } from "../../draw/plane.js";
import { came } from "../kept.js";
import { placed, way } from "./place.js";
import { optimizer, stepAddress } from "./optimizer.js";
import { slideOf } from "./slide.js";
import { numbersOf, rule, shapeOf, termTable } from "./terms.js";
import { boxAt } from "./windows.js";

/** @typedef {import("../../messages").Channel} Channel */
/** @typedef {import("../../messages").OneNumber} OneNumber */
/** @typedef {import("../../main.js").Context} Context */
/** @typedef {{name: string, shape: number[]}} Argument */
/** @typedef {import("../channel.js").Messages} Messages */
/** @typedef {import("../../state.js").State} State */
/** What is asked: the gradient of which number, with respect to which score. @typedef {{argument: Argument, at: number[], target: number, learned: boolean}} Choice learned: an optimizer changes it */

const ASIDE = 6; // arguments side by side; more, as of an LSTM of two layers, are a list

/** @param {State} state @param {Messages} messages @returns {Record<string, string>} */
export function wants(state, messages) {
  const choice = choiceOf(state, messages);
  const found = { operation: `operation/${messages.channel.index}`, ...slope(state, messages) };
  return choice?.learned ? { ...found, step: stepAddress(messages.channel.index, choice, state) } : found;
}

/** The gradient that is asked for, for the proof beside it too. @param {State} state @param {Pick<Messages, "graph" | "channel" | "operation">} messages @returns {Record<string, string>} */
export function slope(state, messages) {
  const choice = choiceOf(state, messages);
  if (!choice) return {};
  const { argument, at, target } = choice;
  return { slope: `number/${messages.channel.index}?gradient=${encodeURIComponent(argument.name)}&at=${at.join(",")}&target=${target}` };
}

/** What the person chose, else a number that this channel uses and the true class. @param {State} state @param {Pick<Messages, "graph" | "channel" | "operation">} messages @returns {Choice | null} */
function choiceOf(state, { graph: { prediction }, channel, operation }) {
  const detail = came(operation);
  const known = detail ? argumentsOf(detail, channel) : [];
  if (!detail || !known.length || !prediction) return null;
  const argument = known.find(({ name }) => name === state.of) ?? known[0];
  const { truth, logits } = prediction;
  const target = state.target ?? truth ?? Math.max(0, logits.indexOf(Math.max(...logits))); // NaN is no largest
  return { argument, at: placed(state.place, argument.shape) ?? firstPlace(argument, channel, state.at ?? []), target: Math.min(target, logits.length - 1), learned: isLearned(argument, detail) };
}

/** @param {Messages} messages @param {Context} context @returns {(Node | string)[]} */
export function draw(messages, context) {
  const { channel, graph } = messages;
  const { t, state } = context;
  const title = el("div.title-row.apart", {}, el("div.title-row", {}, el("h1", {}, t("Channel {k}, backward", { k: channel.channel })), el("span.soft.small", {}, t("how the score changes with one number"))), way(context));
  const detail = came(messages.operation);
  if (!detail) return [title];
  const choice = choiceOf(state, messages);
  if (!choice || !graph.prediction) return [title, el("section.panel", {}, el("p", {}, graph.prediction ? t("The gradient of this operation is not taken apart.") : t("This model gives no row of scores, so there is no class to ask about.")))];
  const [why, ...terms] = messages.slope instanceof Error ? [el("section.panel", {}, el("p.soft", {}, messages.slope.message))] : messages.slope ? account(messages.slope, context) : [];
  const step = choice.learned && messages.step ? [optimizer(messages.step, context)] : [];
  return [title, el("div.card-place", {}, panel(choice, argumentsOf(detail, channel), messages, context)), el("div.backward-place", {}, why, step, terms)];
}

/** An optimizer changes these alone. @param {Argument} argument @param {import("../../messages").OperationDetail} detail */
const isLearned = ({ name, shape }, { weights }) => name !== "input" && weights.some((each) => each.shape.join() === shape.join());

/** What has a gradient here, what is learned first. @param {import("../../messages").OperationDetail} detail @param {Channel} channel @returns {Argument[]} */
function argumentsOf(detail, { window, channel }) {
  const known = detail.arguments ?? (window?.weight ? [{ name: "weight", shape: [channel + 1, ...window.weight.shape] }] : []);
  const rank = (/** @type {Argument} */ each) => (isLearned(each, detail) ? 0 : each.name === "input" ? 2 : 1);
  return [...known].sort((one, other) => rank(one) - rank(other));
}

/** A number to begin with: one that this channel uses. @param {Argument} argument @param {Channel} channel @param {number[]} at */
function firstPlace({ name, shape }, channel, at) {
  const place = shape.map(() => 0);
  const { window } = channel;
  if (name === "input" && window && shape.length === window.kernel.length + 2) {
    const box = boxAt(slideOf(channel), at.length === window.kernel.length ? at : window.kernel.map(() => 0));
    const middle = box.map(([start, stop], axis) => Math.max(0, Math.min(window.input.shape[axis + 1] - 1, Math.floor((start + stop) / 2))));
    return [0, window.channels[0], ...middle];
  }
  if (name === "input") return [0, channel.channel, ...at].slice(0, shape.length).map((each, axis) => Math.min(each, shape[axis] - 1)).concat(place).slice(0, shape.length);
  if (window?.kind === "transposed" && place.length > 1) place[1] = Math.min(channel.channel, shape[1] - 1);
  else if (place.length) place[0] = Math.min(channel.channel, shape[0] - 1);
  if (name === "weight" && window?.weight) window.kernel.forEach((size, axis) => (place[place.length - window.kernel.length + axis] = Math.floor(size / 2)));
  return place;
}

/** Which number: of what, for which class, at which index. @param {Choice} choice @param {Argument[]} known @param {Messages} messages @param {Context} context */
function panel({ argument, at, target }, known, { channel, graph }, context) {
  const { t, go } = context;
  const pick = (/** @type {string} */ of) => go({ of, place: null }, "replace");
  const of = known.length > ASIDE
    ? menu(t("Gradient of"), "gradient-of", known.map(({ name }) => [name, name]), argument.name, pick)
    : segments(known.map(({ name }) => ({ id: name, text: name })), argument.name, { label: t("Gradient of"), choose: pick });
  const classes = graph.prediction?.classes ?? [];
  const select = menu(t("Score of class"), "target", classes.map((name, place) => [String(place), name]), String(target), (place) => go({ target: Number(place) }, "replace"));
  const fields = argument.shape.map((size, axis) => {
    const field = /** @type {HTMLInputElement} */ (el("input.index-field", { type: "number", min: 0, max: size - 1, value: at[axis], "aria-label": t("axis {n}, up to {most}", { n: axis, most: size - 1 }), "data-focus": `index-${axis}` }));
    field.addEventListener("change", () => go({ place: at.map((place, other) => (other === axis ? Math.max(0, Math.min(size - 1, Math.round(field.valueAsNumber) || 0)) : place)) }, "replace"));
    return field;
  });
  return el("section.panel.backward-choice", {},
    el("div.rows-of-controls", {}, el("span.field", {}, t("Gradient of"), of), el("span.field", {}, t("Index"), fields), el("span.field", {}, t("Score of class"), select)),
    kernelCells(argument, at, channel, context));
}

/** A list to choose from. @param {string} label @param {string} focus @param {[string, string][]} options value and text @param {string} chosen @param {(value: string) => void} choose */
function menu(label, focus, options, chosen, choose) {
  const made = /** @type {HTMLSelectElement} */ (el("select.field-select", { "aria-label": label, "data-focus": focus }, options.map(([value, text]) => el("option", { value, selected: value === chosen }, text))));
  made.addEventListener("change", () => choose(made.value));
  return made;
}

/** A kernel to press in, where the argument is one. @param {Argument} argument @param {number[]} at @param {Channel} channel @param {Context} context */
function kernelCells({ name, shape }, at, { window }, { t, go }) {
  const axes = window?.kernel.length ?? 0;
  if (name !== "weight" || !window?.weight || shape.length !== axes + 2) return null;
  const values = unpack(window.weight);
  const input = window.kind === "transposed" ? at[0] - window.channels[0] : at[1];
  if (input < 0 || input >= window.weight.shape[0]) return null;
  const own = row(values, window.weight.shape, input);
  const columns = window.kernel[axes - 1];
  return el("div.backward-kernel", {},
    el("p.caption", {}, t("The kernel for input map {i}. Press a weight.", { i: window.channels[input] ?? input })),
    cells([...own], columns, "signed", limitOf(values), { label: t("kernel"), chosen: ravel(at.slice(2), window.kernel), pick: (tap) => go({ place: [...at.slice(0, 2), ...unravel(tap, window.kernel)] }, "replace") }));
}

/** @param {OneNumber} number @param {Context} context @returns {Node[]} */
function account(number, context) {
  const { t } = context;
  return [
    el("section.panel.account", {}, el("h2", {}, t("d(score)/d({name}[{at}]) = {value}", { name: number.about, at: number.at.join(", "), value: plain(number.result, 5) })), el("p.soft", {}, direction(number.result, t)), el("p", {}, number.what),
      el("div", {}, rule(number.formula)), maps(number, context), number.notes.map((note) => el("p.small.soft", {}, note))),
    ...(number.terms ? [el("section.panel.card", {}, termTable(number.terms, context))] : []),
  ];
}

/** @param {number} value @param {Context["t"]} t */
function direction(value, t) {
  if (value === 0) return t("A small change of this number does not change the score.");
  return value > 0 ? t("If this number grows a little, the score grows by {n} times as much.", { n: plain(value, 3) }) : t("If this number grows a little, the score falls by {n} times as much.", { n: plain(-value, 3) });
}

/** Terms over rows and columns as maps: what arrives, what it meets, their products. @param {OneNumber} number @param {Context} context */
function maps({ terms }, { t }) {
  if (!terms) return null;
  const shape = shapeOf(terms.values);
  if (terms.axes.slice(-2).join() !== "row,column" || shape.slice(0, -2).some((size) => size > 1)) return null;
  const [height, width] = shape.slice(-2);
  if (height * width < 2) return null;
  const words = /** @type {Record<string, string>} */ ({ gradient: t("the gradient that arrives"), input: t("the input that it met"), weight: t("the weight that it met") });
  const parts = Object.entries(terms.factors).map(([name, nested]) => ({ name: words[name] ?? name, values: Float32Array.from(numbersOf(nested)) }));
  const all = [...parts, { name: t("products, added up"), values: Float32Array.from(numbersOf(terms.values)) }];
  return el("div.backward-maps", {}, all.flatMap(({ name, values }, place) => [
    place ? el("span.sign", {}, place === all.length - 1 ? "=" : "×") : null,
    el("figure", {}, el("div.stage", { style: { "--wide": width, "--high": height } }, plane(values, height, width, "signed", limitOf(values), name)), el("figcaption", {}, name)),
  ]));
}
