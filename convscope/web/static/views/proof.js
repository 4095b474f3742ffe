/** The number, its sum, the network's own number, and how far they lie apart. */

import { button, el, icon, section } from "../draw/dom.js";
import { formula, written } from "../draw/formula.js";
import { count, fixed, plain, power, signed } from "../draw/numbers.js";
import { slope } from "./channel/backward.js";
import { address, placed } from "./channel/place.js";
import { localAt, slideOf } from "./channel/slide.js";
import { numbersOf, rule, shapeOf } from "./channel/terms.js";
import { unravel } from "../draw/arrays.js";
import { came } from "./kept.js";

/** @typedef {import("../messages").OneNumber} OneNumber */
/** @typedef {import("../messages").OperationDetail} OperationDetail */
/** @typedef {import("../messages").Graph} Graph */
/** @typedef {import("./channel/slide.js").Local} Local */
/** @typedef {import("../main.js").Context} Context */

/** @typedef {{graph: Graph, operation: OperationDetail, channel: import("../messages").Channel, number?: OneNumber | Error, slope?: OneNumber | Error}} Messages number: at rest; slope: the gradient, on the way back */

/** @param {import("../state.js").State} state @returns {Record<string, string>} */
export const needs = (state) => ({ graph: "graph", operation: `operation/${state.op}`, channel: `channel/${state.op}/${state.channel ?? 0}` });

/** @param {import("../state.js").State} state @param {import("../messages").Session} session @param {Messages} messages @returns {Record<string, string>} */
export function wants(state, session, messages) {
  if (state.way === "backward") return slope(state, messages);
  return state.at ? { number: address(messages.channel, state.at) } : {};
}

/** @param {Messages} messages @param {Context} context @returns {(Node | string)[]} */
export function draw({ graph, operation, channel, ...found }, context) {
  const { state: { way, at }, t } = context;
  const forward = way === "forward" && channel.window && placed(at, channel.output.shape);
  const known = { local: forward ? localAt(slideOf(channel), channel, forward) : null, number: came(way === "backward" ? found.slope : found.number) };
  return [
    el("div", {}, resultPart(known, operation, context)),
    el("div", {}, reasonPart(known.number, graph, operation, context)),
    el("div.actions", {},
      button(t("Copy as Python"), { kind: "main-action", "data-focus": "copy-python", onclick: (/** @type {Event} */ event) => copied(event, known.number?.python ?? "", context) }, "copy"),
      button(t("Copy as CSV"), { "data-focus": "copy-csv", onclick: (/** @type {Event} */ event) => copied(event, csv(known), context) }, "copy")),
  ];
}

/** @param {{local: Local | null, number: OneNumber | null}} known @param {OperationDetail} operation @param {Context} context */
function resultPart({ local, number }, operation, { t }) {
  if (!local && !number) return [section(el("h3", {}, t("Result")), el("p.small.soft", {}, t("Choose a number.")))];
  const { result: ours, network } = /** @type {Local | OneNumber} */ (local ?? number);
  const difference = number && !local ? number.difference : network - ours;
  const bound = number?.bound ?? 1e-6 * (local?.size ?? 0);
  const holds = number ? number.holds : Math.abs(difference) <= bound;
  const line = (/** @type {string} */ name, /** @type {string} */ value, /** @type {string} */ more = "") => [el(`span.soft${more}`, {}, name), el(`span.number${more}`, {}, value)];
  const strong = (/** @type {string} */ name, /** @type {string} */ value) => [el("span.strong.rule", {}, name), el("span.number.strong.rule", {}, value)];
  return [section(
    el("h3", {}, t("Result")), el("div.figure", {}, figure(ours)),
    el("div.sum-table", {}, parts(local, number, t).flatMap(([name, value]) => line(name, value)), strong(t("computed here"), figure(ours)),
      line(number && number.about !== "output" ? t("autograd's own") : t("the network's own"), figure(network)), line(t("difference"), difference !== 0 && Number.isFinite(difference) ? power(difference) : plain(difference)), line(t("bound 10⁻⁶ · Σ|terms|"), Number.isFinite(bound) && bound ? power(bound) : "0")),
    badge(holds, number, operation, t))];
}

/** @param {Local | null} local @param {OneNumber | null} number @param {Context["t"]} t @returns {[string, string][]} */
function parts(local, number, t) {
  if (local?.rule === "max") return [[t("the largest of {n} numbers", { n: local.terms }), figure(local.sum)]];
  if (local?.rule === "mean") return [[t("Σ of {n} numbers", { n: local.terms }), signed(local.sum, 6)], [t("divided by"), plain(local.divisor)]];
  const terms = local?.terms ?? (number?.terms ? numbersOf(number.terms.values).length : 0);
  const bias = local ? local.bias : number?.bias ?? null;
  const sum = local ? local.sum : number?.terms?.result ?? null;
  if (number && !local && sum !== null && !addsUp(number, sum)) return []; // a step goes on from the sum, as a mean or a root: the formula has it
  /** @type {[string, string][]} */
  const rows = [];
  if (terms && sum !== null && (local || number?.terms?.rule === "sum")) rows.push([terms === 1 ? t("one term") : t("Σ of {n} terms", { n: count(terms) }), signed(sum, 6)]);
  if (bias !== null) rows.push([t("bias"), signed(bias, 6)]);
  return rows;
}

/** Whether sum and bias are the result already. @param {OneNumber} number @param {number} sum */
const addsUp = ({ bias, result }, sum) => result !== null && Math.abs(sum + (bias ?? 0) - result) <= 1e-12 * (Math.abs(sum) + Math.abs(bias ?? 0));

/** Six digits after the point where that says something. @param {number} value */
const figure = (value) => (Number.isFinite(value) && Math.abs(value) < 1e6 && (Math.abs(value) >= 1e-4 || value === 0) ? fixed(value, 6) : plain(value, 6));

/** @param {boolean} holds @param {OneNumber | null} number @param {OperationDetail} operation @param {Context["t"]} t */
function badge(holds, number, operation, t) {
  if (number?.kind === "not explained") return el("p.proof.open", {}, t("not explained: only what matters is known"));
  if (!holds) return el("p.proof.open", {}, t("outside the bound"));
  if (number && number.about !== "output") return el("p.proof", {}, icon("check"), t("equal to autograd's"));
  const exact = operation.replayed?.exact;
  return el("p.proof", { title: operation.replayed?.words ?? "" }, icon("check"), exact ? t("replayed bit-exactly") : t("within the bound"));
}

/** @param {OneNumber | null} number @param {Graph} graph @param {OperationDetail} operation @param {Context} context */
function reasonPart(number, graph, operation, { t }) {
  const code = number?.code ?? operation.source;
  return [
    section(el("h3.wrap-anywhere", {}, operation.name), el("p.small.soft", {}, operation.settings), code && el("code.source", { title: `${code.file}:${code.line}` }, el("span.where", {}, `${code.file.split("/").slice(-2).join("/")}:${code.line}`), "\n", code.text)),
    number && section(el("h3", {}, t("Formula")), rule(number.formula), numbersOfIt(number), number.notes.map((note) => el("p.caption", {}, note)), sourceLink(number.source, t)),
    number?.box ? receptive(number.box, graph, t) : null,
  ].filter((part) => part !== null);
}

/** The same with numbers: all of them where there is room, else bias and sum. @param {OneNumber} number */
function numbersOfIt({ numbers, terms, bias, result }) {
  if (numbers.text.length <= 64 && (terms?.rule ?? "sum") === "sum") return formula(numbers);
  if (terms?.rule !== "sum" || bias === null) return el("p.written", {}, numbers.text); // text has room to break
  return formula(written(fixed(bias, 4), terms.result < 0 ? "−" : "+", Math.abs(terms.result).toFixed(4), "=", fixed(result, 4)));
}

/** @param {string} source @param {Context["t"]} t */
function sourceLink(source, t) {
  if (!/^https:\/\//.test(source)) return source ? el("p.caption", {}, source) : null;
  return el("p.caption.wrap-anywhere", {}, t("as described at"), " ", el("a.plain-link", { href: source, target: "_blank", rel: "noreferrer" }, source.replace(/^https:\/\/(www\.)?/, "")));
}

/** What part of the input this number can see, in words. @param {number[][]} box @param {Graph} graph @param {Context["t"]} t */
function receptive(box, graph, t) {
  const axes = box.length >= 4 ? box.slice(-2) : box.slice(-1);
  const space = graph.input.look.kind === "volume" ? box.slice(-3) : axes;
  const sizes = space.map(([start, stop]) => stop - start);
  const last = (/** @type {number[]} */ [start, stop]) => `${start}–${stop - 1}`;
  const words = space.length === 1 ? t("Places {a} of the input.", { a: last(space[0]) })
    : space.length === 3 ? t("Slices {a}, rows {b}, columns {c} of the input.", { a: last(space[0]), b: last(space[1]), c: last(space[2]) })
    : t("Rows {a}, columns {b} of the input.", { a: last(space[0]), b: last(space[1]) });
  return section(el("h3", {}, t("Receptive field"), el("span", {}, sizes.join("×"))), el("p.small.soft", {}, words));
}

/** @param {{local: Local | null, number: OneNumber | null}} known */
function csv({ local, number }) {
  const rows = local ? local.rows() : number?.terms ? termRows(number.terms) : [];
  return rows.map((row) => row.join(",")).join("\n");
}

/** @param {import("../messages").Terms} terms @returns {string[][]} */
function termRows(terms) {
  const values = numbersOf(terms.values);
  const shape = shapeOf(terms.values);
  const factors = Object.entries(terms.factors).map(([name, nested]) => ({ name, values: numbersOf(nested) }));
  return [[...terms.axes, ...factors.map(({ name }) => name), "term"], ...values.map((value, place) => [...unravel(place, shape), ...factors.map((factor) => factor.values[place]), value].map(String))];
}

/** To the clipboard; where that is not allowed, into a field to copy from. @param {Event} event @param {string} text @param {Context} context */
async function copied(event, text, { t, copy, clock, document }) {
  const label = /** @type {HTMLElement} */ (event.currentTarget).lastChild;
  if (!text || !label) return;
  const before = label.textContent;
  if (!(await copy(text))) return showText(text, t, document);
  label.textContent = t("Copied");
  clock.after(1500, () => (label.textContent = before));
}

/** @param {string} text @param {Context["t"]} t @param {Document} document */
function showText(text, t, document) {
  const field = /** @type {HTMLTextAreaElement} */ (el("textarea.copy-text", { readonly: true, rows: 16, "aria-label": t("Text to copy") }, text));
  const dialog = /** @type {HTMLDialogElement} */ (el("dialog.copy-dialog", {}, el("p.small.soft", {}, t("Copy this text:")), field, el("form", { method: "dialog" }, button(t("Close"), { type: "submit" }))));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  field.select();
}
