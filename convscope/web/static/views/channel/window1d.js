/** One axis: input and output as lines over one time axis, the window a span that fans into its output point. */

import { limit as limitOf, row, unpack } from "../../draw/arrays.js";
import { linked } from "../../draw/cells.js";
import { el, svg } from "../../draw/dom.js";
import { fixed, signed } from "../../draw/numbers.js";
import { path, spark, strip } from "../../draw/plane.js";
import { cell, drag, heading, keys, low, noData, player, put, signedLegend, tone, width } from "./bits.js";
import { chosen, inputList, report } from "./inputs.js";
import { span, stretches, thin, ticks } from "./kinds.js";
import { way } from "./place.js";
import { slideOf } from "./window2d.js";
import { boxAt, kernelAt, nearest, products, ranked, resultAt, seen, tapsAt, unread } from "./windows.js";

/** @typedef {import("../../main.js").Context} Context */
/** @typedef {import("../../messages").Channel} Channel */
/** @typedef {import("./windows.js").Slide} Slide */

/** The trace of one channel on the layer page. @param {ArrayLike<number>} values @param {number[]} _space @param {{label?: string}} [options] */
export const tile = (values, _space, { label = "" } = {}) => spark(values, { label });

/**
 * @param {{channel: Channel, graph: import("../../messages").Graph}} messages
 * @param {Context} context
 * @returns {Promise<(Node | string)[]>}
 */
export async function draw({ channel, graph }, context) {
  const { t, state, go } = context;
  const slide = slideOf(channel);
  const output = unpack(channel.output);
  const layer = await context.ask(`layer/${channel.index}?sort=index&page=${Math.floor(channel.channel / 64)}`).catch(() => null);
  const operation = graph.operations.find(({ index }) => index === channel.index);
  const start = /** @type {number[]} */ (state.at);
  const page = { channel, slide, output, context, name: operation?.name.split(".").pop() ?? "", at: start };
  const stage = el("section.panel.kind-stage");
  const terms = el("div.kind-stack");
  const show = (/** @type {number} */ at) => {
    page.at = [at];
    put(stage, plots(page, walker));
    put(terms, tables(page, () => show(page.at[0])));
    report(page);
  };
  const walker = player({ key: `${channel.index} ${channel.channel}`, size: output.length, at: start[0], t, label: t("Position of the window"), words: (at) => `${at}: ${fixed(output[at], 4)}`,
    show, settle: (at) => go({ at: [at] }, { replace: true }) });
  show(start[0]);
  new ResizeObserver(() => stage.isConnected && put(stage, plots(page, walker))).observe(stage);
  return [
    heading(t("{name}, channel {channel}", { name: page.name, channel: channel.channel }), words(slide, t), signedLegend(t), way(context)),
    stage,
    el("section.panel.kind-terms", {}, el("header", {}, el("h2", {}, title(slide, t)), walker.box), terms),
    layer && channels(layer, context),
  ].filter((part) => part !== null);
}

/** What the window does, in one line. @param {Slide} slide @param {Context["t"]} t */
function words({ window }, t) {
  const [kernel, stride, dilation] = [window.kernel[0], window.stride[0], window.dilation[0]];
  if (window.kind === "transposed") return t("each input value spreads over {kernel} outputs, {stride} apart", { kernel, stride });
  const wide = dilation > 1 ? t("{kernel} taps, {dilation} apart", { kernel, dilation }) : t("a window of {kernel} samples", { kernel });
  return t("{window} moves in steps of {stride}", { window: wide, stride });
}

/** @param {Slide} slide @param {Context["t"]} t */
function title({ window, taps }, t) {
  if (window.rule === "max") return t("The largest of {taps}", { taps });
  if (window.rule === "mean") return t("The mean of {taps}", { taps });
  const inputs = window.channels.length;
  return inputs === 1 ? t("{taps} taps, one number", { taps }) : t("{inputs} channels × {taps} taps, one number", { inputs, taps });
}

/** @typedef {import("./inputs.js").Page} Page */

/* — above: both lines on one axis — */

/** @param {Page} page @param {ReturnType<typeof player>} walker @returns {(Node | string)[]} */
function plots(page, walker) {
  const { slide, output, at, context: { t }, channel } = page;
  const found = resultAt(slide, at);
  const part = chosen(page, ranked(found.parts));
  const input = row(/** @type {Float32Array} */ (slide.input), [slide.window.channels.length, ...slide.space], part);
  const sizes = layout(slide, input, output);
  const s = svg("svg", { viewBox: `0 0 ${sizes.width} ${sizes.height}`, height: sizes.height, tabindex: 0, role: "slider", "aria-label": t("Position of the window"), "aria-valuenow": at[0], "aria-valuemin": 0, "aria-valuemax": output.length - 1, "aria-valuetext": `${at[0]}: ${fixed(output[at[0]], 4)}`, "data-focus": "stage" },
    hatching(), axis(slide, sizes), empty(slide, sizes, t),
    text(sizes.left, 10, inputName(slide, part, t), "name"),
    text(sizes.left, sizes.top2 - 6, t("{name}, channel {channel}, {count} positions: y({at}) = {value}", { name: page.name, channel: channel.channel, count: output.length, at: at[0], value: fixed(output[at[0]], 4) }), "name"),
    windowOn(slide, input, output, at, sizes), result(output, at, sizes));
  const pick = (/** @type {PointerEvent} */ event) => {
    const box = (document.querySelector(".kind-stage svg") ?? s).getBoundingClientRect();
    const place = Math.round(((event.clientX - box.left) / box.width) * sizes.width);
    walker.move(nearest(slide, [sizes.placeAt(place)])[0], event.type === "pointerup");
    /** @type {HTMLElement | null} */ (document.querySelector(".kind-stage svg"))?.focus({ preventScroll: true });
  };
  drag(s, pick);
  const page10 = Math.max(1, Math.round(output.length / 10));
  keys(s, { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: page10, PageUp: -page10, Home: -output.length, End: output.length }, walker.by, walker.press);
  return [s];
}

/** @param {Slide} slide @param {number} part @param {Context["t"]} t */
function inputName({ window, space }, part, t) {
  const name = window.channels[part];
  return window.channels.length > 1 ? t("input channel {channel}, {count} samples", { channel: name, count: space[0] }) : t("the signal, {count} samples", { count: space[0] });
}

/** @typedef {ReturnType<typeof layout>} Sizes */

/** Where everything stands. @param {Slide} slide @param {ArrayLike<number>} input @param {ArrayLike<number>} output */
function layout({ window, space }, input, output) {
  const short = low();
  const [wide, left, right] = [width(), 34, 8];
  const [high1, gap, high2] = short ? [92, 54, 66] : [148, 80, 112];
  const top = 20;
  const top2 = top + high1 + gap;
  const transposed = window.kind === "transposed";
  const [before, after] = transposed ? [0, 0] : window.padding[0];
  const places = space[0] + before + after;
  const each = (wide - left - right) / places;
  const x = (/** @type {number} */ place) => left + each * (place + before + 0.5);
  const half = ((window.kernel[0] - 1) * window.dilation[0]) / 2;
  const [stride, pad] = [window.stride[0], window.padding[0][0]];
  const out = transposed ? (/** @type {number} */ at) => x((at + pad - half) / stride) : (/** @type {number} */ at) => x(at * stride - pad + half);
  const placeAt = (/** @type {number} */ pixel) => (pixel - left) / each - before - 0.5;
  return { width: wide, height: top2 + high2 + 14, left, right, top, high1, top2, high2, x, out, each, before, after, placeAt,
    y1: scale(input, top + 8, top + high1 - 6), y2: scale(output, top2 + 8, top2 + high2 - 4) };
}

/** @param {ArrayLike<number>} values @param {number} top @param {number} bottom */
function scale(values, top, bottom) {
  const [least, most] = span(values);
  return (/** @type {number} */ value) => bottom - ((bottom - top) * (value - least)) / (most - least || 1);
}

/** @param {number} x @param {number} y @param {string} value @param {string} kind @param {string} [anchor] */
const text = (x, y, value, kind, anchor = "start") => svg("text", { x, y, "text-anchor": anchor, class: kind }, value);

const hatching = () =>
  svg("defs", {}, svg("pattern", { id: "kind-hatch", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, svg("line", { x1: 0, y1: 0, x2: 0, y2: 5, class: "hatch" })));

/** @param {Slide} slide @param {Sizes} sizes */
function axis({ space }, { x, top, high1, y1, y2, left, right, width: wide }) {
  const marks = ticks(space[0]).flatMap((place) => [svg("line", { class: "axis", x1: x(place), x2: x(place), y1: top, y2: top + high1 }), text(x(place), top + high1 + 14, String(place), "tick", "middle")]);
  const zeros = [y1(0), y2(0)].flatMap((y) => [svg("line", { class: "zero", x1: left, x2: wide - right, y1: y, y2: y }), text(left - 6, y + 4, "0", "tick", "end")]);
  return [...marks, ...zeros];
}

/** Padding and what the stride never reaches: hatched, and said in words. @param {Slide} slide @param {Sizes} sizes @param {Context["t"]} t */
function empty(slide, { x, each, top, high1, before, after, width: wide, right }, t) {
  const size = slide.space[0];
  const box = (/** @type {number} */ from, /** @type {number} */ to, kind = "") => svg("rect", { x: x(from) - each / 2, y: top, width: each * (to - from + 1), height: high1, class: `empty ${kind}` });
  const missed = unread(slide, 0);
  const said = [];
  if (before + after) said.push(before === after ? t("hatched: padding of {count} on both sides", { count: before }) : t("hatched: padding of {before} before and {after} after", { before, after }));
  if (missed.length) said.push(missedWords(slide, missed, t));
  return [
    before > 0 && box(-before, -1),
    after > 0 && box(size, size + after - 1),
    stretches(missed).map(([from, to]) => box(from, to, "missed")),
    said.length > 0 && text(wide - right, 10, said.join(" · "), "tick", "end"),
  ];
}

/** @param {Slide} slide @param {number[]} missed @param {Context["t"]} t */
function missedWords({ window, space }, missed, t) {
  const stride = window.stride[0];
  if (missed[0] === space[0] - 1) return t("sample {place} dropped: no stride of {stride} reaches it", { place: missed[0], stride });
  if (missed[0] === space[0] - missed.length) return t("samples {first}–{last} dropped: no stride of {stride} reaches them", { first: missed[0], last: space[0] - 1, stride });
  return t("{count} samples between the windows are never read", { count: missed.length });
}

/** The span, its taps and the fan. @param {Slide} slide @param {ArrayLike<number>} input @param {ArrayLike<number>} output @param {number[]} at @param {Sizes} sizes */
function windowOn(slide, input, output, at, { x, y1, y2, out, each, top, high1, width: wide }) {
  const [[from, behind]] = boxAt(slide, at);
  const [xa, xb, xo, yo] = [x(from) - each / 2, x(behind - 1) + each / 2, out(at[0]), y2(output[at[0]])];
  const bottom = top + high1;
  const middle = (bottom + yo) / 2;
  const taps = tapsAt(slide, at).filter(({ place }) => place >= 0);
  const points = thin(input, Math.ceil(wide));
  return [
    behind > from && svg("path", { class: "fan", d: `M${xa} ${bottom}C${xa} ${middle} ${xo} ${middle} ${xo} ${yo}C${xo} ${middle} ${xb} ${middle} ${xb} ${bottom}Z` }),
    svg("path", { class: "trace", d: path(points.map(([place, value]) => [x(place), y1(value)])) }),
    behind > from && svg("rect", { class: "span", x: xa, y: top, width: Math.max(2, xb - xa), height: high1, rx: 2 }),
    taps.length <= 64 && taps.map(({ place }) => svg("circle", { class: "tap", cx: x(place), cy: y1(input[place]), r: Math.min(3.5, Math.max(2, each)) })),
  ];
}

/** @param {ArrayLike<number>} output @param {number[]} at @param {Sizes} sizes */
function result(output, at, { out, y2, width: wide }) {
  const step = Math.abs(out(1) - out(0));
  const stems = output.length <= 400 && Array.from(output, (value, place) =>
    svg("line", { x1: out(place), x2: out(place), y1: y2(0), y2: y2(value), stroke: tone(value), "stroke-width": Math.max(1, Math.min(10, step * 0.5)), class: place === at[0] ? "stem here" : "stem" }));
  const points = thin(output, Math.ceil(wide));
  return [stems, svg("path", { class: "trace", d: path(points.map(([place, value]) => [out(place), y2(value)])) }), svg("circle", { class: "tap", cx: out(at[0]), cy: y2(output[at[0]]), r: 5 })];
}

/* — middle: the taps of one channel, and what each channel brings — */

/** @param {Page} page @param {() => void} again */
function tables(page, again) {
  const { slide, at, context: { t } } = page;
  const taps = tapsAt(slide, at);
  const found = resultAt(slide, at, taps);
  const order = ranked(found.parts);
  const part = chosen(page, order);
  const made = [tapRows(page, taps, part, found)];
  if (order.length > 1) made.push(inputList(page, found, part, { again, heads: [t("signal"), t("window"), t("kernel"), t("products")], pictures: pictures(slide, taps, at) }));
  else if (slide.window.rule === "sum" && slide.window.bias !== null) made.push(el("p.kind-sum", {}, t("{sum} and the bias {bias} make {result}", { sum: signed(found.sum, 4), bias: signed(found.bias, 4), result: fixed(found.result, 4) })));
  return made;
}

/** @param {Page} page @param {import("./windows.js").Tap[]} taps @param {number} part @param {import("./windows.js").Result} found */
function tapRows({ slide, context: { t } }, taps, part, found) {
  const values = seen(slide, taps, part);
  const kernel = kernelAt(slide, taps, part);
  const made = products(slide, taps, part);
  const { rule, weight } = slide.window;
  const inputLimit = limitOf(slide.input);
  const weightLimit = slide.weight ? limitOf(slide.weight) : 1;
  const name = (/** @type {string} */ word, /** @type {string} */ letter) => el("span", {}, word, el("span.faint.letter", {}, letter));
  const per = low() ? 10 : 12;
  const blocks = [];
  for (let from = 0; from < taps.length; from += per) {
    const some = taps.slice(from, from + per);
    const last = from + per >= taps.length;
    const empty = taps.length > per ? per - some.length : 0;
    const rowOf = (/** @type {Node} */ label, /** @type {(index: number, tap: number) => Node} */ draw, /** @type {Node[]} */ end) => [label, ...some.map(({ tap }, index) => draw(from + index, tap)), ...Array.from({ length: empty }, () => el("span")), ...end];
    const gap = () => [el("span"), el("span")];
    blocks.push(el("div.kind-taps", { style: { "--taps": some.length + empty } },
      rowOf(el("span"), (index) => el("span.head", {}, taps[index].place < 0 ? "·" : String(taps[index].place)), gap()),
      rowOf(name(t("signal"), "x"), (index, tap) => {
        const value = values[index];
        const props = { "data-tap": tap, class: `kind-cell${found.winner === tap ? " winner" : ""}` };
        return value === null ? noData({ ...props, class: "kind-cell no-data", title: t("padding") }) : cell(value, inputLimit, props);
      }, rule === "sum" || !last ? gap() : [el("span.head", {}, "="), el("span.kind-result", {}, fixed(found.result, 4))]),
      weight && rowOf(name(t("kernel"), "w"), (index, tap) => cell(kernel[index], weightLimit, { "data-tap": tap }), last ? [el("span"), el("span.head.end", {}, t("sum"))] : gap()),
      weight && rowOf(name(t("product"), "x·w"), (index, tap) => cell(made[index], limitOf(made), { "data-tap": tap }), last ? [el("span.head", {}, "="), el("span.kind-result", {}, signed(found.parts[part].sum, 4))] : gap())));
  }
  const box = el("div.kind-blocks", {}, blocks);
  linked(box);
  return box;
}

/** The row of one input channel in small. @param {Slide} slide @param {import("./windows.js").Tap[]} taps @param {number[]} at @returns {(part: number) => Node[]} */
function pictures(slide, taps, at) {
  const [[from, behind]] = boxAt(slide, at);
  const size = slide.space[0];
  const [left, right] = [Math.max(0, from), Math.min(size, behind)];
  const [inputLimit, weightLimit] = [limitOf(slide.input), limitOf(slide.weight ?? [1])];
  return (part) => {
    const made = products(slide, taps, part);
    const whole = row(/** @type {Float32Array} */ (slide.input), [slide.window.channels.length, size], part);
    return [
      el("span.kind-mini", {}, spark(whole, { height: 30 }), el("i.kind-span", { style: { left: `${(100 * left) / size}%`, width: `${(100 * (right - left)) / size}%` } })),
      el("span.kind-mini.sign-times", {}, strip(seen(slide, taps, part).map((value) => value ?? 0), inputLimit)),
      el("span.kind-mini.sign-equals", {}, strip(kernelAt(slide, taps, part), weightLimit)),
      el("span.kind-mini", {}, strip(made, limitOf(made))),
    ];
  };
}

/* — below: every channel of the layer — */

/** @param {import("../../messages").Layer} layer @param {Context} context */
function channels(layer, { t, go, state }) {
  const values = unpack(layer.maps);
  return el("section", {}, el("div.title-row.kind-below", {}, el("h2", {}, layer.pages > 1 ? t("{shown} of {count} channels", { shown: layer.items.length, count: layer.channels }) : t("All {count} channels", { count: layer.channels })), el("span.caption", {}, t("each on its own scale"))),
    el("div.kind-traces", {}, layer.items.map(({ channel }, place) =>
      el("button.kind-trace", { type: "button", "aria-pressed": String(channel === state.channel), "aria-label": t("channel {channel}", { channel }), "data-focus": `channel ${channel}`, onclick: () => go({ channel }) }, spark(row(values, layer.maps.shape, place)), channel))));
}
