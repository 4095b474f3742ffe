/** One axis: input and output as lines over one time axis, the window a span that fans into its output point. */

import { row, unpack } from "../../../draw/arrays.js";
import { el, svg } from "../../../draw/dom.js";
import { fixed } from "../../../draw/numbers.js";
import { path, spark } from "../../../draw/plane.js";
import { drag, tone } from "../bits.js";
import { span, stretches, thin, ticks } from "../kinds.js";
import { boxAt, nearest, tapsAt, unread } from "../windows.js";

/** @typedef {import("../../../main.js").Context} Context */
/** @typedef {import("../windows.js").Slide} Slide */
/** @typedef {import("../window.js").Scene} Scene */
/** @typedef {import("../window.js").Found} Found */

const PADS = 34; // of the panel around it

/** @type {import("../window.js").Stage} */
export function line(scene, controls) {
  const { context } = scene;
  const s = svg("svg", { tabindex: 0, role: "application", "aria-label": context.t("Input and output: move the window with the arrow keys"), "data-focus": "input-stage", "data-stage": true });
  const root = el("section.panel.kind-stage", {}, s, controls);
  let last = /** @type {Found | null} */ (null);
  let placeAt = (/** @type {number} */ pixel) => pixel;
  const show = (/** @type {Found} */ found) => {
    const sizes = layout(scene, inputOf(scene, found), scene.own);
    ({ placeAt } = sizes);
    last = found;
    s.setAttribute("viewBox", `0 0 ${sizes.width} ${sizes.height}`);
    s.setAttribute("height", String(sizes.height));
    s.replaceChildren(...plots(scene, found, sizes));
  };
  drag(s, context.listen, ({ clientX }) => {
    const { left } = s.getBoundingClientRect();
    scene.moveTo(nearest(scene.slide, [Math.round(placeAt(clientX - left))]));
  });
  s.addEventListener("pointerdown", () => s.focus({ preventScroll: true }));
  context.resized(root, () => last && show(last));
  return { root, show };
}

/** @param {Scene} scene @param {Found} found */
const inputOf = ({ slide }, { chosen }) => row(/** @type {Float32Array} */ (slide.input), [slide.window.channels.length, ...slide.space], chosen);

/** Both lines on one axis. @param {Scene} scene @param {Found} found @param {Sizes} sizes @returns {Element[]} */
function plots(scene, found, sizes) {
  const { slide, own: output, at, channel, context: { t } } = scene;
  const value = fixed(output[at[0]], 4);
  const drawn = [
    hatching(), axis(slide, sizes), empty(slide, sizes),
    windowOn(slide, inputOf(scene, found), output, at, sizes), result(output, at, sizes),
    text(0, 10, inputName(slide, found.chosen, t), "name"), // above the fan, so that they can be read
    text(0, sizes.top2 - 6, t("output channel {channel}, {count} positions: y({at}) = {value}", { channel: channel.channel, count: output.length, at: at[0], value }), "name"),
  ];
  return /** @type {Element[]} */ (drawn.flat(2).filter(Boolean));
}

/** @param {Slide} slide @param {number} part @param {Context["t"]} t */
function inputName({ window, space }, part, t) {
  const name = window.channels[part];
  return window.channels.length > 1 ? t("input channel {channel}, {count} samples", { channel: name, count: space[0] }) : t("the signal, {count} samples", { count: space[0] });
}

/** @typedef {ReturnType<typeof layout>} Sizes */

/** Where everything stands. @param {Scene} scene @param {ArrayLike<number>} input @param {ArrayLike<number>} output */
function layout({ slide: { window, space }, context: { screen } }, input, output) {
  const [wide, left, right] = [Math.max(320, screen.main() - PADS), 34, 8];
  const [high1, gap, high2] = screen.low ? [80, 42, 58] : [120, 64, 88];
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

/** Padding and what the stride never reaches, hatched. @param {Slide} slide @param {Sizes} sizes */
function empty(slide, { x, each, top, high1, before, after }) {
  const size = slide.space[0];
  const box = (/** @type {number} */ from, /** @type {number} */ to) => svg("rect", { x: x(from) - each / 2, y: top, width: each * (to - from + 1), height: high1, class: "empty" });
  return [before > 0 && box(-before, -1), after > 0 && box(size, size + after - 1), stretches(unread(slide, 0)).map(([from, to]) => box(from, to))];
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

/** Every channel of the layer, below. @param {import("../../../messages").Layer} layer @param {Context} context */
export function channels(layer, { t, go, state }) {
  const values = unpack(layer.maps);
  return el("section", {}, el("div.title-row.kind-below", {}, el("h2", {}, layer.pages > 1 ? t("{shown} of {count} channels", { shown: layer.items.length, count: layer.channels }) : t("All {count} channels", { count: layer.channels })), el("span.caption", {}, t("each on its own scale"))),
    el("div.kind-traces", {}, layer.items.map(({ channel }, place) =>
      el("button.kind-trace", { type: "button", "aria-pressed": String(channel === state.channel), "aria-label": t("channel {channel}", { channel }), "data-focus": `channel ${channel}`, onclick: () => go({ channel }) }, spark(row(values, layer.maps.shape, place)), channel))));
}
