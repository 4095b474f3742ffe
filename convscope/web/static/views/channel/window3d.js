/** Three axes: slices through the middle of the window along each axis, the window a box on every one of them. */

import { limit as limitOf, ravel, row, unpack } from "../../draw/arrays.js";
import { cells, linked } from "../../draw/cells.js";
import { el } from "../../draw/dom.js";
import { fixed, shape, signed } from "../../draw/numbers.js";
import { plane, slice } from "../../draw/plane.js";
import { drag, heading, keys, low, player, put, signedLegend } from "./bits.js";
import { chosen, inputList, report } from "./inputs.js";
import { way } from "./place.js";
import { slideOf } from "./window2d.js";
import { boxAt, kernelAt, nearest, padded, products, ranked, resultAt, seen, tapsAt, unread } from "./windows.js";

/** @typedef {import("../../main.js").Context} Context */
/** @typedef {import("../../messages").Channel} Channel */
/** @typedef {import("./inputs.js").Page} Page */

const AXES = [0, 1, 2];

/** One channel on the layer page: the middle slice along each axis. @param {Float32Array} values @param {number[]} space @param {{kind?: import("../../draw/colour.js").Kind, limit?: number, label?: string}} [options] */
export function tile(values, space, { kind = "signed", limit = limitOf(values), label = "" } = {}) {
  return el("span.kind-slices", {}, AXES.map((axis) => {
    const cut = slice(values, space, axis, Math.floor(space[axis] / 2));
    return plane(cut.values, cut.height, cut.width, kind, limit, axis ? "" : label);
  }));
}

/**
 * @param {{channel: Channel, graph: import("../../messages").Graph}} messages @param {Context} context
 * @returns {(Node | string)[]}
 */
export function draw({ channel, graph }, context) {
  const { t, state, go } = context;
  const slide = slideOf(channel);
  const operation = graph.operations.find(({ index }) => index === channel.index);
  /** @type {Page} */
  const page = { channel, slide, output: unpack(channel.output), context, name: operation?.name.split(".").pop() ?? "", at: /** @type {number[]} */ (state.at) };
  const stage = el("div.kind-volumes");
  const terms = el("div.kind-stack");
  const sliders = AXES.map((axis) => sliderOf(page, axis, (to) => show(page.at.map((place, each) => (each === axis ? to : place))), () => settle()));
  const steps = channel.output.shape;
  const walker = player({ key: `${channel.index} ${channel.channel}`, size: page.output.length, at: ravel(page.at, steps), t, label: t("Position of the window"),
    show: (flat) => show([Math.floor(flat / (steps[1] * steps[2])), Math.floor(flat / steps[2]) % steps[1], flat % steps[2]]), settle: () => settle() });
  const settle = () => go({ at: page.at }, { replace: true });
  const move = (/** @type {number[]} */ at, /** @type {boolean} */ arrived) => walker.move(ravel(at, steps), arrived);
  const show = (/** @type {number[]} */ at) => {
    page.at = at;
    put(stage, maps(page, move, walker));
    put(terms, tables(page, () => show(page.at)));
    sliders.forEach(({ update }, axis) => update(at[axis]));
    report(page);
  };
  show(page.at);
  return [
    heading(t("{name}, channel {channel}", { name: page.name, channel: channel.channel }), t("a window of {size} moves in steps of {stride}", { size: shape(slide.window.kernel), stride: shape(slide.window.stride) }), signedLegend(t), way(context)),
    el("section.panel.kind-volume", {}, el("div.kind-sliders", {}, sliders.map(({ box }) => box), walker.box, hint(page)), stage),
    el("section.panel.kind-terms", {}, terms),
  ];
}

/** @param {Context["t"]} t */
const axisNames = (t) => [t("depth"), t("row"), t("column")];

/** The window along one axis. @param {Page} page @param {number} axis @param {(to: number) => void} show @param {() => void} settle */
function sliderOf({ at, channel, context: { t } }, axis, show, settle) {
  const name = axisNames(t)[axis];
  const value = el("b", {}, at[axis]);
  const slider = /** @type {HTMLInputElement} */ (el("input", { type: "range", min: 0, max: channel.output.shape[axis] - 1, value: at[axis], "aria-label": name, "data-focus": `axis ${axis}`, oninput: () => show(Number(slider.value)), onchange: settle }));
  const update = (/** @type {number} */ to) => {
    slider.value = String(to);
    value.textContent = String(to);
  };
  return { box: el("label.kind-axis", {}, el("span", {}, name), slider, value), update };
}

/** What the border costs, in words. @param {Page} page */
function hint({ slide, context: { t } }) {
  const { padding } = slide.window;
  const lost = AXES.map((axis) => unread(slide, axis).length);
  const words = [];
  if (padding.flat().some(Boolean)) words.push(t("Hatched: padding, {sizes} before and after; it counts as 0.", { sizes: shape(padding.map(([before]) => before)) }));
  words.push(lost.some(Boolean) ? t("Never read: {counts} slices along depth, rows and columns.", { counts: lost.join(", ") }) : t("Every slice of the input is read."));
  return el("p.caption.kind-hint", {}, words.join(" "));
}

/** Above the slices of the input, below those of the output. @param {Page} page @param {(at: number[], arrived: boolean) => void} move @param {ReturnType<typeof player>} walker */
function maps(page, move, walker) {
  const { slide, output, at, channel, context: { t } } = page;
  const found = resultAt(slide, at);
  const part = chosen(page, ranked(found.parts));
  const input = row(/** @type {Float32Array} */ (slide.input), [slide.window.channels.length, ...slide.space], part);
  const box = boxAt(slide, at);
  const centre = box.map(([from, behind], axis) => Math.max(0, Math.min(slide.space[axis] - 1, Math.floor((from + behind - 1) / 2))));
  const names = axisNames(t);
  const before = slide.window.kind === "transposed" ? [0, 0, 0] : slide.window.padding.map(([first]) => first);
  const whole = slide.window.kind === "transposed" ? slide.space : padded(slide);
  const step = (/** @type {number} */ along, /** @type {number} */ by) => move(at.map((each, axis) => (axis === along ? Math.max(0, Math.min(channel.output.shape[axis] - 1, each + by)) : each)), true);
  const inputs = AXES.map((axis) => figure({ values: input, space: slide.space, axis, place: centre[axis], limit: limitOf(slide.input), box, before, whole,
    label: t("input, {axis} {place}", { axis: names[axis], place: centre[axis] }), pick: (index, arrived) => move(nearest(slide, index.map((each, every) => (every === axis ? centre[axis] : each))), arrived), step, walker, at, steps: channel.output.shape }));
  const none = [0, 0, 0];
  const outputs = AXES.map((axis) => figure({ values: output, space: channel.output.shape, axis, place: at[axis], limit: limitOf(output), box: at.map((place) => [place, place + 1]), before: none, whole: channel.output.shape,
    label: t("output, {axis} {place}", { axis: names[axis], place: at[axis] }), pick: (index, arrived) => move(index.map((each, every) => Math.max(0, Math.min(channel.output.shape[every] - 1, each))), arrived), step, walker, at, steps: channel.output.shape }));
  const title = (/** @type {string} */ words) => el("h3.kind-row-name", {}, words);
  return [
    title(slide.window.channels.length > 1 ? t("input channel {channel}, {size}", { channel: slide.window.channels[part], size: shape(slide.space) }) : t("input, {size}", { size: shape(slide.space) })), ...inputs,
    title(t("{name}, channel {channel}: y({at}) = {value}", { name: page.name, channel: channel.channel, at: at.join(", "), value: fixed(output[ravel(at, channel.output.shape)], 4) })), ...outputs,
  ];
}

/**
 * One slice with the window on it.
 * @param {{values: Float32Array, space: number[], axis: number, place: number, limit: number, box: number[][], before: number[], whole: number[], label: string, pick: (index: number[], arrived: boolean) => void, step: (axis: number, by: number) => void, walker: ReturnType<typeof player>, at: number[], steps: number[]}} options
 */
function figure({ values, space, axis, place, limit, box, before, whole, label, pick, step, walker, at, steps }) {
  const [down, across] = AXES.filter((each) => each !== axis);
  const cut = slice(values, space, axis, place);
  const kind = values.some((value) => value < 0) ? "signed" : "positive";
  const part = (/** @type {number} */ share, /** @type {number} */ each) => `${(100 * share) / whole[each]}%`;
  const drawn = plane(cut.values, cut.height, cut.width, kind, limit, label);
  drawn.classList.add("kind-slice");
  Object.assign(drawn.style, { left: part(before[across], across), top: part(before[down], down), width: part(space[across], across), height: part(space[down], down) });
  const [[top, bottom], [left, right]] = [box[down], box[across]];
  const frame = el("div.field-box", { style: { left: part(left + before[across], across), top: part(top + before[down], down), width: part(right - left, across), height: part(bottom - top, down) } });
  const stage = el("div.kind-cut", { tabindex: 0, role: "application", "aria-label": label, "data-focus": `cut ${steps === space} ${axis}`, "data-cut": `${steps === space ? "out" : "in"}${axis}`, style: { "--wide": whole[across], "--high": whole[down] } }, drawn, frame);
  const selector = `[data-cut="${stage.dataset.cut}"]`;
  drag(stage, ({ clientX, clientY, type }) => {
    const here = (document.querySelector(selector) ?? stage).getBoundingClientRect();
    const index = [...at];
    index[axis] = place;
    index[down] = Math.floor(((clientY - here.top) / here.height) * whole[down]) - before[down];
    index[across] = Math.floor(((clientX - here.left) / here.width) * whole[across]) - before[across];
    pick(index, type === "pointerup");
    /** @type {HTMLElement | null} */ (document.querySelector(selector))?.focus({ preventScroll: true });
  });
  keys(stage, { ArrowLeft: -across - 1, ArrowRight: across + 1, ArrowUp: -down - 1, ArrowDown: down + 1, PageUp: -axis - 1, PageDown: axis + 1 }, (key) => {
    const along = Math.abs(key) - 1;
    step(along, Math.sign(key));
  }, walker.press);
  return el("figure.kind-figure", {}, stage, el("figcaption", {}, label));
}

/** @param {Page} page @param {() => void} again */
function tables(page, again) {
  const { slide, at, context: { t } } = page;
  const taps = tapsAt(slide, at);
  const found = resultAt(slide, at, taps);
  const order = ranked(found.parts);
  const part = chosen(page, order);
  const made = [tapGrids(page, taps, part, found)];
  if (order.length > 1) made.unshift(inputList(page, found, part, { again, kind: ".wide", heads: [t("window"), t("kernel"), t("products")], pictures: pictures(page, taps) }));
  else if (slide.window.rule === "sum" && slide.window.bias !== null) made.push(el("p.kind-sum", {}, t("{sum} and the bias {bias} make {result}", { sum: signed(found.sum, 4), bias: signed(found.bias, 4), result: fixed(found.result, 4) })));
  return made;
}

/** Slice by slice, side by side. @param {Page} page @param {import("./windows.js").Tap[]} taps @returns {(part: number) => Node[]} */
function pictures({ slide }, taps) {
  const { kernel } = slide.window;
  const [inputLimit, weightLimit] = [limitOf(slide.input), limitOf(slide.weight ?? [1])];
  const places = new Map(taps.map(({ tap }, index) => [tap, index]));
  const each = kernel[1] * kernel[2];
  const row3 = (/** @type {ArrayLike<number | null>} */ values, /** @type {number} */ limit) =>
    Array.from({ length: kernel[0] }, (_, depth) => plane(Array.from({ length: each }, (__, tap) => values[places.get(depth * each + tap) ?? -1] ?? 0), kernel[1], kernel[2], "signed", limit));
  return (part) => {
    const made = products(slide, taps, part);
    return [
      el("span.kind-slices.sign-times", {}, row3(seen(slide, taps, part), inputLimit)),
      el("span.kind-slices.sign-equals", {}, row3(kernelAt(slide, taps, part), weightLimit)),
      el("span.kind-slices", {}, row3(made, limitOf(made))),
    ];
  };
}

/** The chosen channel tap by tap, a line a slice of the kernel. @param {Page} page @param {import("./windows.js").Tap[]} taps @param {number} part @param {import("./windows.js").Result} found */
function tapGrids({ slide, context: { t } }, taps, part, found) {
  const { kernel, weight, rule, channels } = slide.window;
  const [values, weights, made] = [seen(slide, taps, part), kernelAt(slide, taps, part), products(slide, taps, part)];
  const each = kernel[1] * kernel[2];
  const grid = (/** @type {ArrayLike<number | null>} */ all, /** @type {number} */ limit, /** @type {number} */ depth, /** @type {string} */ label) => {
    const some = taps.map((tap, index) => ({ tap: tap.tap, value: all[index] })).filter(({ tap }) => Math.floor(tap / each) === depth);
    return el("div", {}, depth === 0 && el("p.caption", {}, label), cells(some.map(({ value }) => value), kernel[2], "signed", limit, { tags: some.map(({ tap }) => tap), chosen: found.winner, label }));
  };
  const lines = Array.from({ length: kernel[0] }, (_, depth) => el("div.kind-grids", {},
    el("span.caption", {}, t("slice {depth}", { depth })),
    grid(values, limitOf(slide.input), depth, t("window")),
    weight && [el("span.sign", {}, "×"), grid(weights, limitOf(slide.weight ?? [1]), depth, t("kernel")), el("span.sign", {}, "="), grid(made, limitOf(made), depth, t("products"))]));
  const sum = rule === "sum" ? `Σ = ${signed(found.parts[part].sum, 4)}` : `= ${fixed(found.result, 4)}`;
  const box = el("div.kind-stack.tight", {}, el("div.title-row.kind-title", {}, el("h2", {}, t("Input channel {channel}, tap by tap", { channel: channels[part] })), el("b.small", {}, sum)), low() && kernel[0] > 3 ? lines.slice(0, 3) : lines);
  linked(box);
  return box;
}
