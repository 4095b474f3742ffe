/** What if: one thing of one operation changed in a copy of the network, and what follows from it. */

import { unpack } from "../draw/arrays.js";
import { button, el } from "../draw/dom.js";
import { bars, plane } from "../draw/plane.js";
import { flipped } from "./filters/convolve.js";
import { number } from "./input/fields.js";
import { grid } from "./input/grid.js";
import { prediction } from "./input/prediction.js";
import { came } from "./kept.js";

/** @typedef {import("../main.js").Context} Context */
/** @typedef {import("../messages").Graph} Graph */
/** @typedef {import("../messages").EditChoices} EditChoices */
/** @typedef {import("../messages").OperationDetail} OperationDetail */
/** @typedef {import("../messages").Numbers} Numbers */

const WIDEST = 7; // columns of a kernel whose numbers can be typed

/** @param {import("../state.js").State} state @returns {Record<string, string>} */
export const needs = (state) => ({ graph: "graph" });

/** The band below the header while anything is changed. @param {{graph: Graph}} messages @param {Context} context @returns {(Node | string)[]} */
export function draw({ graph: { edited, failure } }, { t, act, session }) {
  if (!edited.length) return [];
  const changes = edited.map(({ text, values }) => t(text, values));
  return [el(`div.changed${failure ? ".broken" : ""}`, { role: "status" },
    el("b", {}, t("Changed:")),
    el("span", { title: changes.join("\n") }, changes.join(" · ")),
    !session.saved && button(t("Undo the last"), { "data-focus": "edit-undo", onclick: () => act("undo", {}) }, "back"),
    !session.saved && button(t("Reset"), { "data-focus": "edit-all", onclick: () => act("reset", {}) }, "reset"),
    failure && el("p.why", { title: failure.cause }, t("The network does not go through any more. {what}", { what: failure.what || failure.words })))];
}

/** @typedef {import("../state.js").State} State */
/** @typedef {{choices?: EditChoices | Error, kernel?: import("../messages").Channel | Error, filters?: import("../messages").Filters | Error}} Tried what can be tried, the kernel that is chosen, those that people know */

/** What the part of the right side wants while it is open. @param {State} state @param {EditChoices | null} choices @returns {Record<string, string>} */
export function tried(state, choices) {
  if (state.edit === null) return {};
  const open = { choices: `edit/${state.op}` };
  return choices?.kernel ? { ...open, kernel: `channel/${state.op}/${picked(state, choices).output}`, filters: "filters" } : open;
}

/** Which kernel of which channel. @param {State} state @param {EditChoices} choices */
function picked({ edit, channel }, { kernel: sizes, channels }) {
  const [output = channel ?? 0, input = 0, depth = 0] = edit ?? [];
  const most = [sizes?.outputs ?? channels, sizes?.inputs ?? 1, sizes?.size.length === 3 ? sizes.size[0] : 1];
  const within = [output, input, depth].map((place, at) => Math.max(0, Math.min(most[at] - 1, place)));
  return { output: within[0], input: within[1], depth: within[2] };
}

/** The part of the right side. @param {Tried & {operation: OperationDetail, graph: Graph}} messages @param {Context} context */
export function section(messages, context) {
  const { t, state, session, go } = context;
  if (session.saved) return null;
  const open = state.edit !== null;
  const box = /** @type {HTMLDetailsElement} */ (el("details.whatif", { open, ontoggle: () => box.open !== open && go({ edit: box.open ? [] : null }, "replace") },
    el("summary", { "data-focus": "whatif" }, t("What if…"), el("span.caption", {}, t("try a change; your model stays as it is"))),
    el("div.whatif-parts", {}, open && parts(messages, context))));
  return el("section", {}, box);
}

/** @param {Tried & {operation: OperationDetail, graph: Graph}} messages @param {Context} context */
function parts(messages, context) {
  const { choices } = messages;
  if (choices instanceof Error) return el("p.caption", {}, choices.message);
  if (!choices) return null;
  return [controls(messages.operation.index, choices, messages, context), compared(messages.operation, choices, messages.graph, context)];
}

/** @param {number} index @param {EditChoices} choices @param {Tried} messages @param {Context} context */
function controls(index, choices, messages, context) {
  const { t, act } = context;
  const send = (/** @type {Record<string, any>} */ edit) => act("edit", { op: index, ...edit });
  const made = [
    choices.kernel && kernel(choices, messages, context, send),
    choices.channels > 0 && zero(choices, context, send),
    choices.activation !== null && activation(choices, t, send),
    choices.settings.length > 0 && settings(choices, t, send),
  ].filter(Boolean);
  return made.length ? made : [el("p.caption", {}, t("Nothing of this operation can be changed; choose a layer with weights or an activation."))];
}

/** @typedef {(edit: Record<string, any>) => void} Send */

/** @param {EditChoices} choices @param {Tried} messages @param {Context} context @param {Send} send */
function kernel(choices, messages, context, send) {
  const { t, go, state } = context;
  const { outputs, inputs, size } = /** @type {NonNullable<EditChoices["kernel"]>} */ (choices.kernel);
  const { output, input, depth } = picked(state, choices);
  const pick = (/** @type {number} */ at) => (/** @type {number} */ place) => go({ edit: [output, input, depth].map((old, each) => (each === at ? place : old)) }, "replace");
  return el("div.whatif-part", {},
    el("h4", {}, t("Kernel")),
    el("div.rows-of-controls", {},
      number(t("of output"), "whatif-output", output, [0, outputs - 1], pick(0)),
      number(t("and input"), "whatif-input", input, [0, inputs - 1], pick(1)),
      size.length === 3 && number(t("depth"), "whatif-depth", depth, [0, size[0] - 1], pick(2))),
    el("div.whatif-kernel", {}, numbers(choices, messages, context, send)));
}

/** The numbers of one kernel, to be typed over. @param {EditChoices} choices @param {Tried} messages @param {Context} context @param {Send} send */
function numbers(choices, { kernel: channel, filters }, { t, state }, send) {
  const weight = came(channel)?.window?.weight;
  if (!weight) return channel && el("p.caption", {}, t("This kernel cannot be shown."));
  const { size } = /** @type {NonNullable<EditChoices["kernel"]>} */ (choices.kernel);
  const { output, input, depth } = picked(state, choices);
  const taps = size.reduce((product, each) => product * each, 1);
  const planes = split(unpack(weight).subarray(input * taps, (input + 1) * taps), size);
  const apply = (/** @type {number[][]} */ rows) => send({ what: "kernel", output, input, values: nested(planes.map((plane, at) => (at === depth ? rows : plane)), size.length) });
  const rows = planes[depth];
  return [
    rows[0].length <= WIDEST && grid(rows, { label: t("Kernel of output {output} and input {input}", { output, input }), focus: "whatif-cell", change: apply }),
    el("div.presets", {}, presetsFor(rows, came(filters)?.filters ?? [], t).map(({ name, what, kernel: next }) => el("button.chip", { type: "button", title: what, "data-focus": `preset ${name}`, onclick: () => apply(next) }, name))),
  ];
}

/** Rows of a kernel by depth; a kernel of a signal is one row. @param {ArrayLike<number>} flat @param {number[]} size @returns {number[][][]} */
export function split(flat, size) {
  const columns = size[size.length - 1];
  const rows = size.length > 1 ? size[size.length - 2] : 1;
  const depth = size.length > 2 ? size[size.length - 3] : 1;
  const at = (/** @type {number} */ place, /** @type {number} */ row) => Array.from({ length: columns }, (_, column) => flat[(place * rows + row) * columns + column]);
  return Array.from({ length: depth }, (_, place) => Array.from({ length: rows }, (_, row) => at(place, row)));
}

/** Back to as many axes as the kernel has. @param {number[][][]} planes @param {number} axes @returns {import("../messages").Nested} */
export function nested(planes, axes) {
  if (axes === 3) return planes;
  return axes === 2 ? planes[0] : planes[0][0];
}

/** Zero, flip, and the classic filters of the same size. @param {number[][]} rows @param {import("../messages").Filters["filters"]} filters @param {Context["t"]} t */
function presetsFor(rows, filters, t) {
  const own = [
    { name: t("zero"), what: t("nothing comes from this map any more"), kernel: rows.map((row) => row.map(() => 0)) },
    { name: t("flip"), what: t("turned by half a turn"), kernel: flipped(rows) },
    { name: t("negate"), what: t("every sign the other way"), kernel: rows.map((row) => row.map((value) => -value)) },
  ];
  return [...own, ...filters.filter(({ kernel: each }) => each.length === rows.length && each[0].length === rows[0].length)];
}

/** @param {EditChoices} choices @param {Context} context @param {Send} send */
function zero(choices, { t, go, state }, send) {
  const { output, input, depth } = picked(state, choices);
  return el("div.whatif-part", {}, el("h4", {}, t("Channel")),
    el("div.rows-of-controls", {},
      number(t("channel"), "whatif-channel", output, [0, choices.channels - 1], (place) => go({ edit: [place, input, depth] }, "replace")),
      button(t("Set to zero"), { "data-focus": "whatif-zero", onclick: () => send({ what: "channel", channel: output }) })));
}

/** @param {EditChoices} choices @param {Context["t"]} t @param {Send} send */
function activation({ activations, activation: now }, t, send) {
  return el("div.whatif-part", {}, el("h4", {}, t("Activation")),
    el("select.select", { "aria-label": t("Activation"), "data-focus": "whatif-activation", onchange: (/** @type {any} */ event) => send({ what: "activation", to: event.target.value }) },
      activations.map((name) => el("option", { value: name, selected: name === now }, name))));
}

/** @param {EditChoices} choices @param {Context["t"]} t @param {Send} send */
function settings({ settings: list }, t, send) {
  const names = { stride: t("stride"), padding: t("padding"), dilation: t("dilation") };
  return el("div.whatif-part", {}, el("h4", {}, t("Window")),
    el("div.rows-of-controls", {}, list.map(({ setting, value }) => axes(names[setting], setting, value, (next) => send({ what: "setting", setting, value: next })))));
}

/** One field where all axes are the same, else one each. @param {string} label @param {string} setting @param {number[]} value @param {(value: number[]) => void} change */
function axes(label, setting, value, change) {
  const same = value.every((each) => each === value[0]);
  const least = setting === "padding" ? 0 : 1;
  if (same) return number(label, `whatif-${setting}`, value[0], [least, 64], (next) => change(value.map(() => next)));
  return value.map((each, axis) => number(`${label} ${axis}`, `whatif-${setting}-${axis}`, each, [least, 64], (next) => change(value.map((old, place) => (place === axis ? next : old)))));
}

/** Before and after, side by side. @param {OperationDetail} message @param {EditChoices} choices @param {Graph} graph @param {Context} context */
function compared({ index }, { before }, graph, context) {
  const { t } = context;
  if (!before) return null;
  const operation = graph.operations.find((each) => each.index === index);
  return el("div.whatif-part", {},
    el("h4", {}, t("Before and after")),
    el("div.before-after", {}, figure(before.thumbnail, t("before")), figure(operation?.thumbnail ?? null, t("after"))),
    graph.prediction && prediction(graph.prediction, context, 5, before.prediction),
    graph.prediction && before.prediction && el("p.caption.was-note", {}, t("the mark: before the change")));
}

/** @param {Numbers | null} numbers @param {string} words */
function figure(numbers, words) {
  const drawn = numbers && small(numbers, words);
  return el("figure", {}, drawn ?? el("span.nothing", {}, "–"), el("figcaption.caption", {}, words));
}

/** @param {Numbers} numbers @param {string} label */
function small(numbers, label) {
  const values = unpack(numbers);
  if (numbers.shape.length < 2) return bars(values, label);
  return plane(values, numbers.shape[0], numbers.shape[1], numbers.low < 0 ? "signed" : "positive", undefined, label);
}
