/**
 * The way back: one gradient as the sum that it is, equal to autograd's, and what one step of an optimizer makes
 * of the number.
 */

import { limit as limitOf, ravel, row, unpack, unravel } from "../../draw/arrays.js";
import { cells } from "../../draw/cells.js";
import { el, segments } from "../../draw/dom.js";
import { plain } from "../../draw/numbers.js";
import { plane } from "../../draw/plane.js";
import { slopes } from "./live.js";
import { way } from "./place.js";
import { optimizer } from "./optimizer.js";
import { numbersOf, rule, shapeOf, termTable } from "./terms.js";
import { boxAt } from "./windows.js";
import { slideOf } from "./window2d.js";

/** @typedef {import("../../messages").Channel} Channel */
/** @typedef {import("../../messages").OneNumber} OneNumber */
/** @typedef {import("../../main.js").Context} Context */
/** @typedef {{name: string, shape: number[]}} Argument */
/** @typedef {{key: string, name: string, at: number[], target: number}} Choice */

const ASIDE = 6; // arguments side by side; more, as of an LSTM of two layers, are a list

/** @type {Choice} */
let choice = { key: "", name: "", at: [], target: 0 };

/** @param {import("../channel.js").Messages} messages @param {Context} context @returns {Promise<(Node | string)[]>} */
export async function draw({ channel, graph }, context) {
  const { t, state } = context;
  const detail = await context.ask(`operation/${channel.index}`);
  const shapes = new Set(detail.weights.map((/** @type {Argument} */ { shape }) => shape.join()));
  const isLearned = (/** @type {Argument} */ { name, shape }) => name !== "input" && shapes.has(shape.join()); // an optimizer changes these alone
  const known = argumentsOf(detail, channel).sort((one, other) => Number(isLearned(other)) - Number(isLearned(one)));
  const title = el("div.title-row.apart", {}, el("div.title-row", {}, el("h1", {}, t("Channel {k}, backward", { k: channel.channel })), el("span.soft.small", {}, t("how the score changes with one number"))), way(context));
  if (!known.length || !graph.prediction) return [title, el("section.panel", {}, el("p", {}, !known.length ? t("The gradient of this operation is not taken apart.") : t("This model gives no row of scores, so there is no class to ask about.")))];
  const key = `${channel.index}/${channel.channel}`;
  const { truth, logits } = graph.prediction;
  if (choice.key !== key || !known.some(({ name }) => name === choice.name)) {
    const target = choice.key ? choice.target : truth ?? Math.max(0, logits.indexOf(Math.max(...logits))); // NaN is no largest
    choice = { key, name: known[0].name, at: firstPlace(known[0], channel, state.at ?? []), target: Math.min(target, logits.length - 1) };
  }
  const [chooser, body] = [el("div.card-place"), el("div.backward-place")];
  const show = async () => {
    chooser.replaceChildren(panel(known, channel, graph.prediction?.classes ?? [], context, change));
    const asked = { ...choice };
    const number = await context.ask(`number/${channel.index}?gradient=${encodeURIComponent(asked.name)}&at=${asked.at.join(",")}&target=${asked.target}`).catch((/** @type {Error} */ error) => error);
    if (asked.at.join() !== choice.at.join() || asked.name !== choice.name || asked.target !== choice.target) return;
    if (number instanceof Error) return body.replaceChildren(el("section.panel", {}, el("p.soft", {}, number.message)));
    slopes.tell({ key, number, name: asked.name });
    const [why, ...terms] = account(number, context);
    body.replaceChildren(why, isLearned(known.find(({ name }) => name === asked.name) ?? known[0]) ? optimizer(channel.index, asked, context) : "", ...terms);
  };
  const change = (/** @type {Partial<Choice>} */ what) => {
    choice = { ...choice, ...what };
    show();
  };
  await show();
  return [title, chooser, body];
}

/** What has a gradient here. @param {any} detail @param {Channel} channel @returns {Argument[]} */
function argumentsOf(detail, channel) {
  if (detail.arguments) return [...detail.arguments].sort((one, other) => Number(one.name === "input") - Number(other.name === "input"));
  const window = channel.window;
  return window?.weight ? [{ name: "weight", shape: [channel.channel + 1, ...window.weight.shape] }] : [];
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

/** Which number: of what, for which class, at which index. @param {Argument[]} known @param {Channel} channel @param {string[]} classes @param {Context} context @param {(what: Partial<Choice>) => void} change */
function panel(known, channel, classes, context, change) {
  const { t, state } = context;
  const argument = known.find(({ name }) => name === choice.name) ?? known[0];
  const pick = (/** @type {string} */ name) => {
    const next = known.find((each) => each.name === name) ?? known[0];
    change({ name, at: firstPlace(next, channel, state.at ?? []) });
  };
  const of = known.length > ASIDE
    ? menu(t("Gradient of"), "gradient-of", known.map(({ name }) => [name, name]), argument.name, pick)
    : segments(known.map(({ name }) => ({ id: name, text: name })), argument.name, { label: t("Gradient of"), choose: pick });
  const select = menu(t("Score of class"), "target", classes.map((name, place) => [String(place), name]), String(choice.target), (place) => change({ target: Number(place) }));
  const fields = argument.shape.map((size, axis) => {
    const field = /** @type {HTMLInputElement} */ (el("input.index-field", { type: "number", min: 0, max: size - 1, value: choice.at[axis], "aria-label": t("axis {n}, up to {most}", { n: axis, most: size - 1 }), "data-focus": `index-${axis}` }));
    field.addEventListener("change", () => change({ at: choice.at.map((place, other) => (other === axis ? Math.max(0, Math.min(size - 1, Math.round(field.valueAsNumber) || 0)) : place)) }));
    return field;
  });
  return el("section.panel.backward-choice", {},
    el("div.rows-of-controls", {}, el("span.field", {}, t("Gradient of"), of), el("span.field", {}, t("Index"), fields), el("span.field", {}, t("Score of class"), select)),
    kernelCells(argument, channel, context, change));
}

/** A list to choose from. @param {string} label @param {string} focus @param {[string, string][]} options value and text @param {string} chosen @param {(value: string) => void} choose */
function menu(label, focus, options, chosen, choose) {
  const made = /** @type {HTMLSelectElement} */ (el("select.field-select", { "aria-label": label, "data-focus": focus }, options.map(([value, text]) => el("option", { value, selected: value === chosen }, text))));
  made.addEventListener("change", () => choose(made.value));
  return made;
}

/** A kernel to press in, where the argument is one. @param {Argument} argument @param {Channel} channel @param {Context} context @param {(what: Partial<Choice>) => void} change */
function kernelCells({ name, shape }, { window }, { t }, change) {
  const axes = window?.kernel.length ?? 0;
  if (name !== "weight" || !window?.weight || shape.length !== axes + 2) return null;
  const values = unpack(window.weight);
  const input = window.kind === "transposed" ? choice.at[0] - window.channels[0] : choice.at[1];
  if (input < 0 || input >= window.weight.shape[0]) return null;
  const own = row(values, window.weight.shape, input);
  const columns = window.kernel[axes - 1];
  return el("div.backward-kernel", {},
    el("p.caption", {}, t("The kernel for input map {i}. Press a weight.", { i: window.channels[input] ?? input })),
    cells([...own], columns, "signed", limitOf(values), { label: t("kernel"), chosen: ravel(choice.at.slice(2), window.kernel), pick: (tap) => change({ at: [...choice.at.slice(0, 2), ...unravel(tap, window.kernel)] }) }));
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
