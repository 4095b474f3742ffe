/** What if: one thing of one operation changed in a copy of the network, and what follows from it. */

import { unpack } from "../draw/arrays.js";
import { button, el } from "../draw/dom.js";
import { bars, plane } from "../draw/plane.js";
import { flipped } from "./filters/convolve.js";
import { number } from "./input/fields.js";
import { grid } from "./input/grid.js";
import { prediction } from "./input/prediction.js";

/** @typedef {import("../main.js").Context} Context */
/** @typedef {import("../messages").Graph} Graph */
/** @typedef {import("../messages").EditChoices} EditChoices */
/** @typedef {import("../messages").OperationDetail} OperationDetail */
/** @typedef {import("../messages").Numbers} Numbers */

const WIDEST = 7; // columns of a kernel whose numbers can be typed

/** What the person has open; a redraw of the page leaves it. The section is one element as long as the operation is. */
const held = { open: false, output: 0, input: 0, depth: 0, channel: 0, of: "", element: /** @type {HTMLElement | null} */ (null), inside: /** @type {HTMLElement} */ (/** @type {unknown} */ (null)), newest: 0, fill: () => {} };

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

/** The part of the right side. @param {OperationDetail} message @param {Context} context */
export function section(message, context) {
  if (context.session.saved) return null;
  const of = `${message.index} ${document.documentElement.lang} ${document.documentElement.dataset.theme}`;
  if (held.of !== of || !held.element) {
    const channel = context.state.channel ?? 0;
    Object.assign(held, { of, output: channel, input: 0, depth: 0, channel, inside: el("div.whatif-parts") });
    held.element = el("section", {}, details(context.t));
  }
  held.fill = () => void fill(message, context);
  if (held.open) held.fill();
  return held.element;
}

/** @param {Context["t"]} t */
function details(t) {
  const box = /** @type {HTMLDetailsElement} */ (el("details.whatif", { open: held.open, ontoggle: () => {
    const opened = box.open && !held.open;
    held.open = box.open;
    if (opened) held.fill();
  } }, el("summary", { "data-focus": "whatif" }, t("What if…"), el("span.caption", {}, t("try a change; your model stays as it is"))), held.inside));
  return box;
}

/** @param {OperationDetail} message @param {Context} context */
async function fill(message, context) {
  const { inside } = held;
  const mine = (held.newest += 1);
  try {
    const [choices, graph] = await Promise.all([context.ask(`edit/${message.index}`), context.ask("graph")]);
    const made = [...await controls(message, choices, context), compared(message, choices, graph, context)];
    if (mine === held.newest) renew(inside, made.filter((part) => part instanceof Node));
  } catch (error) {
    if (mine === held.newest) inside.replaceChildren(el("p.caption", {}, error instanceof Error ? error.message : String(error)));
  }
}

/** New children, with the focus where it was. @param {HTMLElement} box @param {Node[]} children */
function renew(box, children) {
  const focused = box.contains(document.activeElement) ? document.activeElement?.getAttribute("data-focus") : null;
  box.replaceChildren(...children);
  if (focused) /** @type {HTMLElement | null} */ (box.querySelector(`[data-focus="${CSS.escape(focused)}"]`))?.focus();
}

/** @param {OperationDetail} message @param {EditChoices} choices @param {Context} context */
async function controls({ index }, choices, context) {
  const { t, act } = context;
  const send = (/** @type {Record<string, any>} */ edit) => act("edit", { op: index, ...edit });
  const made = [
    choices.kernel && (await kernel(index, choices.kernel, context, send)),
    choices.channels > 0 && zero(choices, t, send),
    choices.activation !== null && activation(choices, t, send),
    choices.settings.length > 0 && settings(choices, t, send),
  ].filter(Boolean);
  return made.length ? made : [el("p.caption", {}, t("Nothing of this operation can be changed; choose a layer with weights or an activation."))];
}

/** @typedef {(edit: Record<string, any>) => void} Send */

/** @param {number} index @param {{outputs: number, inputs: number, size: number[]}} kernel @param {Context} context @param {Send} send */
async function kernel(index, { outputs, inputs, size }, context, send) {
  const { t } = context;
  held.output = Math.min(held.output, outputs - 1);
  held.input = Math.min(held.input, inputs - 1);
  const cells = el("div.whatif-kernel");
  const show = () => showKernel(cells, index, size, context, send);
  await show();
  return el("div.whatif-part", {},
    el("h4", {}, t("Kernel")),
    el("div.rows-of-controls", {},
      number(t("of output"), "whatif-output", held.output, [0, outputs - 1], (place) => {
        held.output = place;
        show();
      }),
      number(t("and input"), "whatif-input", held.input, [0, inputs - 1], (place) => {
        held.input = place;
        show();
      }),
      size.length === 3 && number(t("depth"), "whatif-depth", held.depth, [0, size[0] - 1], (place) => {
        held.depth = place;
        show();
      })),
    cells);
}

/** The numbers of one kernel, to be typed over. @param {HTMLElement} box @param {number} index @param {number[]} size @param {Context} context @param {Send} send */
async function showKernel(box, index, size, context, send) {
  const { t } = context;
  const { output, input } = held;
  const channel = await context.ask(`channel/${index}/${output}`).catch(() => null);
  if (!channel?.window?.weight) return box.replaceChildren(el("p.caption", {}, t("This kernel cannot be shown.")));
  const taps = size.reduce((product, each) => product * each, 1);
  const flat = unpack(channel.window.weight).subarray(input * taps, (input + 1) * taps);
  const planes = split(flat, size);
  const apply = (/** @type {number[][]} */ rows) => {
    const next = planes.map((plane, depth) => (depth === Math.min(held.depth, planes.length - 1) ? rows : plane));
    send({ what: "kernel", output, input, values: nested(next, size.length) });
  };
  const rows = planes[Math.min(held.depth, planes.length - 1)];
  const presets = await presetsFor(rows, context);
  box.replaceChildren(
    rows[0].length <= WIDEST ? grid(rows, { label: t("Kernel of output {output} and input {input}", { output, input }), focus: "whatif-cell", change: apply }) : "",
    el("div.presets", {}, presets.map(({ name, what, kernel: next }) => el("button.chip", { type: "button", title: what, onclick: () => apply(next) }, name))));
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

/** Zero, flip, and the classic filters of the same size. @param {number[][]} rows @param {Context} context */
async function presetsFor(rows, { t, ask }) {
  const own = [
    { name: t("zero"), what: t("nothing comes from this map any more"), kernel: rows.map((row) => row.map(() => 0)) },
    { name: t("flip"), what: t("turned by half a turn"), kernel: flipped(rows) },
    { name: t("negate"), what: t("every sign the other way"), kernel: rows.map((row) => row.map((value) => -value)) },
  ];
  const list = await ask("filters").catch(() => ({ filters: [] }));
  const fit = list.filters.filter((/** @type {{kernel: number[][]}} */ { kernel: each }) => each.length === rows.length && each[0].length === rows[0].length);
  return [...own, ...fit];
}

/** @param {EditChoices} choices @param {Context["t"]} t @param {Send} send */
function zero({ channels }, t, send) {
  held.channel = Math.min(held.channel, channels - 1);
  return el("div.whatif-part", {}, el("h4", {}, t("Channel")),
    el("div.rows-of-controls", {},
      number(t("channel"), "whatif-channel", held.channel, [0, channels - 1], (place) => (held.channel = place)),
      button(t("Set to zero"), { "data-focus": "whatif-zero", onclick: () => send({ what: "channel", channel: held.channel }) })));
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
