/** The layer: its channels in pages of 64, sorted; the chosen one with its kernels below. */

import { limit as limitOf, row, unpack } from "../draw/arrays.js";
import { button, el, segments } from "../draw/dom.js";
import { count, fixed, percent, plain, shape, signed } from "../draw/numbers.js";
import { bars, legend, plane, planeSoon, spark } from "../draw/plane.js";
import { tile as vector } from "./channel/vector.js";
import { tile as volume } from "./channel/window/cuts.js";
import { came, kept } from "./kept.js";

/** @typedef {import("../messages").Layer} Layer */
/** @typedef {import("../messages").Graph} Graph */
/** @typedef {import("../messages").Channel} Channel */
/** @typedef {import("../main.js").Context} Context */

const MOST_KERNELS = 64; // drawn at once
const FIRST_SCREEN = 24; // maps; those below are painted after it

/** @typedef {{graph: Graph, layer: Layer, channel?: Channel | Error}} Messages channel: the chosen one, for its kernels */
/** The grid on the screen: choosing another channel marks another tile. @typedef {{grid: HTMLElement, context: Context}} Shown */

/** @param {import("../state.js").State} state @returns {Record<string, string>} */
export const needs = (state) => ({ graph: "graph", layer: `layer/${state.op}?sort=${state.sort}&page=${state.leaf}` });

/** @param {import("../state.js").State} state @param {import("../messages").Session} session @param {Messages} messages */
export const wants = (state, session, { layer }) => ({ channel: `channel/${layer.index}/${chosenOf(layer, state)}` });

/** @param {Layer} layer @param {import("../state.js").State} state */
const chosenOf = ({ items }, state) => items.find(({ channel }) => channel === state.channel)?.channel ?? items[0]?.channel ?? 0;

/** @param {Messages} messages @param {Context} context @returns {(Node | string)[]} */
export function draw({ graph, layer, channel }, context) {
  const { state } = context;
  const chosen = chosenOf(layer, state);
  const shown = kept(context, "layer", [layer, state.scale], () => {
    const made = /** @type {Shown} */ ({ context });
    return Object.assign(made, { grid: gridOf(layer, made) });
  });
  shown.context = context;
  mark(shown.grid, chosen);
  return [heading(graph, layer, context), controls(graph, layer, context), shown.grid, detail(layer, chosen, came(channel), context)];
}

/** @param {Layer} layer @param {Shown} shown */
function gridOf(layer, shown) {
  const { context } = shown;
  const few = layer.items.length <= 4 ? "4" : layer.items.length <= 6 ? "6" : null;
  const grid = el("div.channels", { role: "group", "aria-label": context.t("Channels"), "data-axes": layer.axes, "data-few": few }, tiles(layer, shown));
  grid.addEventListener("keydown", (event) => walk(event, grid, shown.context));
  return grid;
}

/** @param {HTMLElement} grid @param {number} chosen */
function mark(grid, chosen) {
  for (const tile of /** @type {Iterable<HTMLElement>} */ (grid.children)) {
    const pressed = tile.dataset.focus === `channel-${chosen}`;
    tile.setAttribute("aria-pressed", String(pressed));
    tile.tabIndex = pressed ? 0 : -1;
  }
}

/** @param {Graph} graph @param {Layer} layer @param {Context} context */
function heading(graph, layer, { t }) {
  const operation = graph.operations.find(({ index }) => index === layer.index);
  const size = shape(layer.space);
  const one = layer.channels === 1;
  const words = {
    maps: one ? t("one channel, {size}", { size }) : t("{n} channels, {size} each", { n: count(layer.channels), size }),
    traces: one ? t("one channel, {size} steps", { size }) : t("{n} channels, {size} steps each", { n: count(layer.channels), size }),
    slices: one ? t("one channel, {size}, the middle slice", { size }) : t("{n} channels, {size} each, the middle slice", { n: count(layer.channels), size }),
    vector: t("{n} numbers", { n: count(layer.channels) }),
    steps: t("{n} units over {size} steps", { n: count(layer.channels), size }),
  }[layer.axes];
  const most = Math.max(Math.abs(layer.low), Math.abs(layer.high));
  const kind = layer.low < 0 ? "signed" : "positive";
  return el("div.title-row.apart", {},
    el("div.title-row", {}, el("h1", {}, operation?.name ?? String(layer.index)), el("span.soft.small", {}, [operation?.what, words].filter(Boolean).join(" · "))),
    legend(kind, kind === "signed" ? plain(-most, 3) : "0", plain(most, 3)));
}

/** @param {Graph} graph @param {Layer} layer @param {Context} context */
function controls(graph, layer, context) {
  const { state, t, go } = context;
  const options = [
    { id: "index", text: t("Index") }, { id: "mean", text: t("Mean") }, { id: "max", text: t("Max") },
    { id: "sparsity", text: t("Sparsity") }, { id: "gradient", text: t("Gradient") }, { id: "effect", text: effectName(graph, context) },
  ];
  const scale = segments([{ id: "one", text: t("One scale") }, { id: "own", text: t("Each its own") }], state.scale, { label: t("Colour scale"), choose: (id) => go({ scale: /** @type {"one" | "own"} */ (id) }, "replace") });
  const colours = el("span.field", {}, t("Colours"), scale);
  const sort = segments(options, state.sort, { label: t("Sort by"), choose: (id) => go({ sort: id, leaf: 0 }) });
  return el("div.rows-of-controls.apart", {}, layer.channels > 1 && el("span.field", {}, t("Sort by"), sort), pager(layer, context), layer.axes === "maps" && layer.channels > 1 && colours);
}

/** @param {Graph} graph @param {Context} context */
function effectName({ prediction }, { t }) {
  if (!prediction) return t("Effect");
  const target = prediction.truth ?? prediction.logits.indexOf(Math.max(...prediction.logits));
  return t("Effect on {name}", { name: prediction.classes[target] ?? target });
}

/** @param {Layer} layer @param {Context} context */
function pager(layer, { t, go }) {
  if (layer.pages < 2) return null;
  const turn = (/** @type {number} */ by) => go({ leaf: Math.max(0, Math.min(layer.pages - 1, layer.page + by)), channel: null });
  return el("span.field", {},
    button("", { kind: "square", "aria-label": t("Page before"), "data-focus": "leaf-before", disabled: layer.page === 0, onclick: () => turn(-1) }, "back"),
    t("Page {n} of {all}", { n: layer.page + 1, all: layer.pages }),
    button("", { kind: "square", "aria-label": t("Page after"), "data-focus": "leaf-after", disabled: layer.page === layer.pages - 1, onclick: () => turn(1) }, "next"));
}

/** @param {Layer} layer @param {Shown} shown */
function tiles(layer, shown) {
  const { context } = shown;
  const values = unpack(layer.maps);
  const most = Math.max(Math.abs(layer.low), Math.abs(layer.high)) || 1;
  return layer.items.map((item, place) => {
    const own = row(values, layer.maps.shape, place);
    const limit = context.state.scale === "own" ? limitOf(own) : most;
    return tile(item, picture(layer, own, limit, item.channel, place >= FIRST_SCREEN, context), shown);
  });
}

/** @param {Layer["items"][number]} item @param {Element} drawn @param {Shown} shown */
function tile(item, drawn, shown) {
  const { state, t, go } = shown.context;
  const { channel } = item;
  const open = () => go({ level: "channel", channel, at: null });
  const words = t("channel {k}: mean {mean}, smallest {min}, largest {max}", { k: channel, mean: plain(item.mean), min: plain(item.min), max: plain(item.max) });
  return el("button.channel", {
    type: "button", title: words, "aria-label": words, "data-focus": `channel-${channel}`,
    onclick: () => (shown.context.state.channel === channel ? open() : go({ channel })),
    ondblclick: open,
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      open();
    },
  }, drawn, el("span.line", {}, el("b", {}, channel), el("span", {}, sortedBy(state.sort, item.value))));
}

/** @param {string} sort @param {number} value */
function sortedBy(sort, value) {
  if (value === null || sort === "index") return "";
  if (sort === "sparsity") return percent(value, 0);
  if (sort === "max") return plain(value, 3);
  if (Math.abs(value) >= 0.01 && Math.abs(value) < 1000) return signed(value, 2);
  return `${value > 0 ? "+" : ""}${plain(value, 2)}`;
}

/** One channel, small. @param {Layer} layer @param {Float32Array} values @param {number} limit @param {number} channel @param {boolean} soon @param {Context} context @returns {Element} */
function picture(layer, values, limit, channel, soon, { t, clock }) {
  const space = layer.maps.shape.slice(1);
  const label = t("channel {k}", { k: channel });
  const kind = layer.low < 0 ? "signed" : "positive";
  if (space.length === 3) return volume(values, space, { kind, limit, label });
  if (space.length === 2) return soon ? planeSoon(clock, values, space[0], space[1], kind, limit, label) : plane(values, space[0], space[1], kind, limit, label);
  if (layer.axes === "steps") return bars(values, label);
  return space.length === 1 ? spark(values, { label }) : vector(values, space, { limit, label });
}

/** Arrow keys go from channel to channel. @param {KeyboardEvent} event @param {HTMLElement} grid @param {Context} context */
function walk(event, grid, { go }) {
  const all = /** @type {HTMLElement[]} */ ([...grid.children]);
  const at = all.findIndex((each) => each === event.target);
  const columns = all.filter((each) => each.offsetTop === all[0].offsetTop).length;
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -at, End: all.length - 1 - at }[event.key];
  if (by === undefined || at < 0) return;
  event.preventDefault();
  const next = all[at + by];
  if (!next) return;
  next.focus();
  go({ channel: Number(next.dataset.focus?.replace("channel-", "")) }, "replace");
}

/** The chosen channel in numbers, its kernels as soon as they come. @param {Layer} layer @param {number} chosen @param {Channel | null} message @param {Context} context */
function detail(layer, chosen, message, context) {
  const { t, go } = context;
  const item = layer.items.find(({ channel }) => channel === chosen);
  if (!item) return el("div");
  const facts = [[t("smallest"), plain(item.min)], [t("mean"), plain(item.mean)], [t("largest"), plain(item.max)], [t("zero or less"), percent(item.sparsity, 0)]];
  return el("section.chosen", {},
    el("div.title-row.apart", {},
      el("div.title-row", {}, el("h2", {}, t("Channel {k}", { k: chosen })), el("dl.inline-facts", {}, facts.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]))),
      button(t("Open channel"), { kind: "main-action", "data-focus": "open-channel", onclick: () => go({ level: "channel", channel: chosen, at: null }) })),
    el("div.kernel-place", {}, message && kernelRow(message, context)));
}

/** The kernels of one channel, as planes, lines or the middle slice. @param {Channel} message @param {Context} context */
function kernelRow({ window, channel }, { t, clock }) {
  if (!window?.weight) return [];
  const weight = window.weight;
  const values = unpack(weight);
  const most = limitOf(values);
  const shown = window.channels.slice(0, MOST_KERNELS);
  const figures = shown.map((input, place) =>
    el("figure", {}, kernel(clock, row(values, weight.shape, place), window.kernel, most, t("kernel for input {i}", { i: input })), el("figcaption", {}, t("in {i}", { i: input }))));
  const size = shape(window.kernel);
  const words = [window.channels.length === 1 ? t("one input channel, {size}", { size }) : t("{n} input channels, {size} each", { n: window.channels.length, size })];
  if (shown.length < window.channels.length) words.push(t("the first {n} are shown", { n: shown.length }));
  return [
    el("div.title-row.apart", {}, el("div.title-row", {}, el("b", {}, t("Kernel {k}", { k: channel })), el("span.small.faint", {}, words.join(", "))), legend("signed", fixed(-most, 2), signed(most, 2))),
    el("div.kernels", {}, figures),
  ];
}

/** @param {Context["clock"]} clock @param {Float32Array} values @param {number[]} size @param {number} most @param {string} label */
function kernel(clock, values, size, most, label) {
  if (size.length === 1) return planeSoon(clock, values, 1, size[0], "signed", most, label);
  if (size.length === 2) return planeSoon(clock, values, size[0], size[1], "signed", most, label);
  const each = size[1] * size[2];
  const middle = Math.floor(size[0] / 2);
  return planeSoon(clock, values.subarray(middle * each, (middle + 1) * each), size[1], size[2], "signed", most, label);
}
