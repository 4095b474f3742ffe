/** Three axes: slices through the middle of the window along each axis, the window a box on every one of them. */

import { limit as limitOf, ravel, row } from "../../../draw/arrays.js";
import { el } from "../../../draw/dom.js";
import { fixed, shape } from "../../../draw/numbers.js";
import { plane, slice } from "../../../draw/plane.js";
import { drag, keys } from "../bits.js";
import { boxAt, nearest, padded } from "../windows.js";

/** @typedef {import("../window.js").Scene} Scene */
/** @typedef {import("../window.js").Found} Found */
/** What is cut: its numbers, padding around it, and what a place in it means for the window. @typedef {{name: string, space: number[], before: number[], whole: number[], limit: number, to: (index: number[]) => number[]}} Volume */
/** One moment of it. @typedef {{values: Float32Array, at: number[], box: number[][], label: (axis: number) => string}} Shown at: where it is cut */

const AXES = [0, 1, 2];

/** One channel on the layer page: the middle slice along each axis. @param {Float32Array} values @param {number[]} space @param {{kind?: import("../../../draw/colour.js").Kind, limit?: number, label?: string}} [options] */
export function tile(values, space, { kind = "signed", limit = limitOf(values), label = "" } = {}) {
  return el("span.kind-slices", {}, AXES.map((axis) => {
    const cut = slice(values, space, axis, Math.floor(space[axis] / 2));
    return plane(cut.values, cut.height, cut.width, kind, limit, axis ? "" : label);
  }));
}

/** @type {import("../window.js").Stage} */
export function cuts(scene, controls) {
  const { slide, own, context: { t } } = scene;
  const transposed = slide.window.kind === "transposed";
  const names = [t("depth"), t("row"), t("column")];
  const inside = (/** @type {number[]} */ index, /** @type {number[]} */ sizes) => index.map((place, axis) => Math.max(0, Math.min(sizes[axis] - 1, place)));
  /** @type {Volume} */
  const input = {
    name: "in", space: slide.space, limit: scene.inputLimit, to: (index) => nearest(slide, index),
    before: transposed ? [0, 0, 0] : slide.window.padding.map(([first]) => first), whole: transposed ? slide.space : padded(slide),
  };
  /** @type {Volume} */
  const output = { name: "out", space: slide.steps, limit: limitOf(own), to: (index) => inside(index, slide.steps), before: [0, 0, 0], whole: slide.steps };
  const [above, below] = [input, output].map((volume) => AXES.map((axis) => figure(scene, volume, axis)));
  const [title, answer] = [el("h3.kind-row-name"), el("h3.kind-row-name")];
  const show = (/** @type {Found} */ { chosen }) => {
    const { at } = scene;
    const box = boxAt(slide, at);
    const centre = inside(box.map(([from, behind]) => Math.floor((from + behind - 1) / 2)), slide.space);
    const values = row(/** @type {Float32Array} */ (slide.input), [slide.window.channels.length, ...slide.space], chosen);
    title.textContent = t("input channel {channel}, {size}", { channel: slide.window.channels[chosen], size: shape(slide.space) });
    answer.textContent = t("output channel {channel}: y({at}) = {value}", { channel: scene.channel.channel, at: at.join(", "), value: fixed(own[ravel(at, slide.steps)], 4) });
    above.forEach((each) => each.show({ values, at: centre, box, label: (axis) => t("input, {axis} {place}", { axis: names[axis], place: centre[axis] }) }));
    below.forEach((each) => each.show({ values: own, at, box: at.map((place) => [place, place + 1]), label: (axis) => t("output, {axis} {place}", { axis: names[axis], place: at[axis] }) }));
  };
  const root = el("section.panel.kind-volume", {}, el("div.kind-volumes", {}, title, above.map((each) => each.figure), answer, below.map((each) => each.figure)), controls);
  return { root, show };
}

/** One slice with the window on it. @param {Scene} scene @param {Volume} volume @param {number} axis that is cut */
function figure(scene, { name, space, before, whole, limit, to }, axis) {
  const [down, across] = AXES.filter((each) => each !== axis);
  const part = (/** @type {number} */ share, /** @type {number} */ each) => `${(100 * share) / whole[each]}%`;
  const [frame, caption] = [el("div.field-box"), el("figcaption")];
  const place = el("div.map-place", { style: { left: part(before[across], across), top: part(before[down], down), width: part(space[across], across), height: part(space[down], down) } });
  const stage = el("div.kind-cut", { tabindex: 0, role: "application", "data-focus": `${name === "in" && axis === 0 ? "input-stage" : `cut ${name} ${axis}`}`, "data-stage": true, style: { "--wide": whole[across], "--high": whole[down] } }, place, frame);
  let cutAt = 0;
  const show = (/** @type {Shown} */ { values, at, box, label }) => {
    cutAt = at[axis];
    const cut = slice(values, space, axis, cutAt);
    place.replaceChildren(plane(cut.values, cut.height, cut.width, values.some((value) => value < 0) ? "signed" : "positive", limit, label(axis)));
    const [[top, bottom], [left, right]] = [box[down], box[across]];
    Object.assign(frame.style, { left: part(left + before[across], across), top: part(top + before[down], down), width: part(right - left, across), height: part(bottom - top, down) });
    caption.textContent = label(axis);
    stage.setAttribute("aria-label", label(axis));
  };
  drag(stage, scene.context.listen, ({ clientX, clientY }) => {
    const here = stage.getBoundingClientRect();
    const index = AXES.map(() => cutAt);
    index[down] = Math.floor(((clientY - here.top) / here.height) * whole[down]) - before[down];
    index[across] = Math.floor(((clientX - here.left) / here.width) * whole[across]) - before[across];
    const next = to(index);
    next[axis] = scene.at[axis]; // a slice moves the window along the two axes that it shows
    scene.moveTo(next);
    stage.focus({ preventScroll: true });
  });
  const walk = (/** @type {number} */ key) => scene.moveTo(scene.at.map((each, along) => (along === Math.abs(key) - 1 ? Math.max(0, Math.min(scene.slide.steps[along] - 1, each + Math.sign(key))) : each)));
  keys(stage, { ArrowLeft: -across - 1, ArrowRight: across + 1, ArrowUp: -down - 1, ArrowDown: down + 1, PageUp: -axis - 1, PageDown: axis + 1 }, walk);
  return { figure: el("figure.kind-figure", {}, stage, caption), show };
}
