/** The right side: one operation, with its sizes, its cost and where it stands in the person's code. */

import { colourOf, css } from "../draw/colour.js";
import { button, el, icon, section, svg } from "../draw/dom.js";
import { formula } from "../draw/formula.js";
import { count, percent, plain, shape, size, time } from "../draw/numbers.js";
import { short } from "./map/tree.js";
import { section as tries, tried } from "./whatif.js";
import { came } from "./kept.js";

/** @typedef {import("../messages").OperationDetail} OperationDetail */
/** @typedef {import("../messages").Formula} Formula */
/** @typedef {import("../main.js").Context} Context */

/** @param {import("../state.js").State} state @returns {Record<string, string>} */
export const needs = (state) => ({ graph: "graph", operation: `operation/${state.op}` });

/** @typedef {import("./whatif.js").Tried & {operation: OperationDetail, graph: import("../messages").Graph}} Messages */

/** @param {import("../state.js").State} state @param {import("../messages").Session} session @param {Messages} messages */
export const wants = (state, session, messages) => (session.saved ? {} : tried(state, came(messages.choices)));

/** @param {Messages} messages @param {Context} context @returns {(Node | string)[]} */
export function draw(messages, context) {
  const { operation } = messages;
  const parts = [title, sizes, cost, shares, field, values, weights].map((part) => part(operation, context));
  return [...parts, tries(messages, context), actions(operation, context)].filter((made) => made !== null);
}

/** Name, settings, and the line of code. @param {OperationDetail} operation */
function title({ name, op, settings, source, docs }) {
  const code = source && el("code.source", {}, el("a", docs ? { href: docs, target: "_blank", rel: "noreferrer noopener" } : {}, `${source.file.split("/").pop()}:${source.line}`), source.text.trim());
  const end = short(name || op, 24);
  return section(el("h2.wrap-anywhere", { title: name }, end), end !== name && name && el("p.caption.wrap-anywhere", {}, name), el("p.soft.wrap-anywhere", {}, settings), code);
}

/** Rules that are more than their numbers, and the same with the numbers; axes with the same numbers share a line. @param {Formula[]} made */
function rule(made) {
  const general = new Map(made.map((each) => [each.general.text, each]));
  /** @type {Map<string, Formula[]>} */
  const same = new Map();
  for (const each of made) same.set(each.numbers.text, [...(same.get(each.numbers.text) ?? []), each]);
  return [
    ...Array.from(general.values()).filter((each) => !each.numbers.text.startsWith(each.general.text)).map((each) => formula(each.general, { general: true })),
    ...Array.from(same.values(), (each) => el("div.formula-line", {}, each[0].axis !== "" && el("span.caption", {}, each.map(({ axis }) => axis).join(", ")), formula(each[0].numbers), each[0].notes.map((note) => el("span.caption", {}, note)))),
  ];
}

/** @param {string} name @param {string} value @param {Formula[]} made */
const fact = (name, value, made) => [el("h3", {}, name, el("span", {}, value)), rule(made)];

/** @param {OperationDetail} operation @param {Context} context */
const sizes = (operation, { t }) => section(fact(t("Shape"), shape(operation.shape.slice(operation.shape.length > 1 ? 1 : 0)), operation.size));

/** @param {OperationDetail} operation @param {Context} context */
function cost({ parameters, macs }, { t }) {
  if (!parameters && !macs) return null;
  return section(
    parameters && fact(t("Parameters"), parameters.value.replace(/,/g, "\u202f"), [parameters]),
    macs && el("div.below", {}, fact(t("Multiply–adds"), macs.value.replace(/,/g, "\u202f"), [macs])));
}

/** @param {OperationDetail} operation @param {Context} context */
function shares({ share, seconds, bytes }, { t }) {
  const rows = /** @type {[string, number][]} */ ([[t("Parameters"), share.parameters], [t("MACs"), share.macs], [t("Time"), share.seconds]]);
  return section(
    el("h3", {}, t("Share of the network"), el("span.faint", {}, `${time(seconds)} · ${size(bytes)}`)),
    el("div.share", {}, rows.map(([name, part]) => [
      el("span.soft", {}, name),
      el("span.track", {}, part > 0 && el("i", { style: { width: percent(Math.min(1, part)).replace("\u202f", "") } })),
      el("span.number", {}, percent(part)),
    ])));
}

/** What one unit sees of the input. @param {OperationDetail} operation @param {Context} context */
function field({ receptive, shape: sizes }, { t }) {
  if (!receptive) return null;
  const { box, jump, exact } = receptive;
  const ends = box.map(([low, high]) => [low, Math.max(low, high - 1)]);
  const place = sizes.slice(2).map((each) => Math.floor(each / 2));
  const element = place.length === receptive.size.length ? t("Element ({at})", { at: place.join(", ") }) : t("The middle element");
  const spans = ends.slice(-receptive.size.length).map(([low, high]) => (low === high ? String(low) : `${low}–${high}`));
  const where = spans.length === 2
    ? t("{element} reads rows {rows} and columns {columns} of the input.", { element, rows: spans[0], columns: spans[1] })
    : spans.length === 1 ? t("{element} reads positions {span} of the input.", { element, span: spans[0] }) : t("{element} reads {span} of the input.", { element, span: spans.join(" × ") });
  const step = jump.every((each) => each > 0) && t("One step here is {jump} on the input.", { jump: shape(jump) });
  return section(
    el("h3", {}, t("Receptive field"), el("span", {}, shape(receptive.size))),
    el("p.small.soft", {}, where, step && ` ${step}`, exact ? "" : ` ${t("This is an upper bound.")}`));
}

/** How often which values occur, and the proof that they are the network's. @param {OperationDetail} operation @param {Context} context */
function values({ histogram, replayed, shape: sizes }, { t }) {
  if (!histogram && !replayed) return null;
  const total = count(sizes.reduce((product, each) => product * each, 1));
  const badge = replayed && (replayed.exact
    ? el("span.proof", { title: replayed.words || t("run again from its inputs: the same numbers, bit by bit") }, icon("check"), t("replayed bit-exactly"))
    : el("p.small.soft", {}, replayed.words));
  return section(el("h3", {}, t("Values"), el("span", {}, t("{number} numbers", { number: total }))), histogram && bins(histogram, t("how often which values occur")), badge && el("div.below", {}, badge));
}

const WIDTH = 288;
const HEIGHT = 40;

/** @param {{low: number, high: number, counts: number[]}} histogram @param {string} label */
export function bins({ low, high, counts }, label) {
  const most = Math.max(...counts, 1);
  const width = WIDTH / counts.length;
  const drawn = counts.map((number, at) => {
    const middle = low + ((at + 0.5) / counts.length) * (high - low);
    const tall = HEIGHT * Math.sqrt(number / most);
    return svg("rect", { x: at * width, y: HEIGHT - tall, width: Math.max(1, width - 1), height: tall, fill: css(colourOf(middle < 0 ? -0.62 : 0.62, "signed", 1)) });
  });
  const zero = ((0 - low) / (high - low || 1)) * WIDTH;
  const ticks = [svg("text", { x: 0, y: HEIGHT + 12 }, plain(low, 3)), svg("text", { x: WIDTH, y: HEIGHT + 12, "text-anchor": "end" }, plain(high, 3))];
  if (zero > 48 && zero < WIDTH - 48) ticks.push(svg("text", { x: zero, y: HEIGHT + 12, "text-anchor": "middle" }, "0"));
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT + 14}`, class: "histogram", role: "img", "aria-label": `${label}: ${plain(low, 3)} … ${plain(high, 3)}` },
    drawn, svg("line", { x1: 0, x2: WIDTH, y1: HEIGHT + 0.5, y2: HEIGHT + 0.5 }), ticks);
}

/** @param {OperationDetail} operation @param {Context} context */
function weights({ weights: all }, { t }) {
  if (!all?.length) return null;
  return section(el("h3", {}, t("Weights")), el("dl.facts", {}, all.map(({ name, shape: sizes, numbers }) => [
    el("dt", { title: name }, name.split(".").pop()), el("dd", {}, `${shape(sizes)}${sizes.length > 1 ? ` = ${count(numbers)}` : ""}`)])));
}

/** @param {OperationDetail} operation @param {Context} context */
function actions({ size: made, parameters, macs }, { t, state, go, copy: write, clock }) {
  const text = [...made, parameters, macs].flatMap((each) => (each ? [each.general.text, `${each.axis} ${each.numbers.text}`.trim()] : [])).join("\n");
  const copy = button(t("Copy formula"), { onclick: () => write(text).then((done) => done && flash(copy, t("Copied"), clock)) }, "copy");
  return el("div.actions", {},
    state.level === "map" && button(t("Open layer"), { kind: "main-action", "data-focus": "open-layer", onclick: () => go({ level: "layer", leaf: 0 }) }),
    text && copy);
}

/** Say on the button that it worked. @param {HTMLElement} node @param {string} words @param {Context["clock"]} clock */
export function flash(node, words, clock) {
  const before = Array.from(node.childNodes);
  node.replaceChildren(icon("check"), words);
  clock.after(1400, () => node.replaceChildren(...before));
}
