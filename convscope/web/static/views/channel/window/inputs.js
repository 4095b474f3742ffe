/** What each input map brings, the largest |sum| first, and the running sum from the bias down to the number. */

import { limit as limitOf, row as rowOf } from "../../../draw/arrays.js";
import { el } from "../../../draw/dom.js";
import { plane, repaint, spark } from "../../../draw/plane.js";
import { ranking } from "../bits.js";
import { boxAt, kernelAt, products, ranked, seen } from "../windows.js";

/** @typedef {import("../window.js").Scene} Scene */
/** @typedef {import("../window.js").Found} Found */
/** @typedef {"signed" | "positive"} Colours */

const MORE = 24; // further maps at a time

/** @param {Scene} scene @param {Found} found @returns {Node[]} */
export function inputs(scene, found) {
  const { slide: { window }, context: { t, screen }, choice, update } = scene;
  if (window.rule !== "sum" || (window.channels.length === 1 && window.bias === null)) return [];
  const most = limitOf(products(scene.slide, found.taps, ranked(found.result.parts)[0].channel));
  const rows = found.result.parts.map(({ channel, sum }) => ({
    key: String(channel), name: t("in {i}", { i: window.channels[channel] }), sum, chosen: channel === found.chosen, pictures: () => pictures(scene, found, channel, most),
  }));
  const change = (/** @type {Partial<Scene["choice"]>} */ next) => (Object.assign(choice, next), update());
  return [ranking(rows, window.bias, {
    t, kind: `.axes-${window.kernel.length}`, heads: [t("input"), t("window"), t("kernel"), t("products")], most: (screen.low ? 5 : 6) + choice.open, label: t("Input maps, the largest sum first"),
    further: (n) => (n === 1 ? t("1 further map") : t("{n} further maps", { n })), open: () => change({ open: choice.open + MORE }), fold: choice.open > 0 ? () => change({ open: 0 }) : undefined,
    choose: ({ key }) => change({ map: window.channels[Number(key)] }) })];
}

/** One input map in small: where the window lies on it, then window × kernel = products. @param {Scene} scene @param {Found} found @param {number} channel @param {number} most the end of the products' scale */
function pictures(scene, { taps }, channel, most) {
  const { slide, kind, inputLimit, weightLimit } = scene;
  const small = (/** @type {string} */ name, /** @type {(number | null)[]} */ values, /** @type {Colours} */ colours, /** @type {number} */ limit, sign = "") => {
    const all = new Float32Array(slide.taps);
    taps.forEach(({ tap }, place) => (all[tap] = values[place] ?? 0));
    return el(`span.kind-mini${sign}`, {}, planes(scene, `${name} ${channel}`, all, colours, limit));
  };
  return [
    el("span.kind-mini", {}, whole(scene, channel)),
    small("window", seen(slide, taps, channel), kind, inputLimit, ".sign-times"),
    small("kernel", kernelAt(slide, taps, channel), "signed", weightLimit, ".sign-equals"),
    small("products", products(slide, taps, channel), "signed", most),
  ];
}

/** A kernel's worth of numbers: a strip, a plane, or its slices side by side. @param {Scene} scene @param {string} name @param {Float32Array} values @param {Colours} kind @param {number} limit */
function planes(scene, name, values, kind, limit) {
  const size = scene.slide.window.kernel;
  const [height, width] = size.length > 1 ? size.slice(-2) : [1, size[0]];
  const depth = size.length > 2 ? size[0] : 1;
  return Array.from({ length: depth }, (_, at) => thumb(painted(scene, `${name} ${at}`, values.subarray(at * height * width, (at + 1) * height * width), [height, width], kind, limit), height, width));
}

/** The map itself with the window on it; of a volume the slice that the window's middle lies in. @param {Scene} scene @param {number} channel */
function whole(scene, channel) {
  const { slide, kind, inputLimit, at } = scene;
  const values = rowOf(/** @type {Float32Array} */ (slide.input), slide.window.input.shape, channel);
  const box = boxAt(slide, at).map(([start, stop], axis) => [Math.max(0, start), Math.min(slide.space[axis], stop)]);
  const shares = box.map(([start, stop], axis) => [`${(100 * start) / slide.space[axis]}%`, `${(100 * Math.max(0, stop - start)) / slide.space[axis]}%`]);
  const [left, width] = shares[shares.length - 1];
  if (slide.space.length === 1) return [spark(values, { height: 30 }), el("i.kind-span", { style: { left, width } })];
  const [rows, columns] = slide.space.slice(-2);
  const [top, height] = shares[shares.length - 2];
  const depth = slide.space.length > 2 ? Math.min(slide.space[0] - 1, Math.floor((box[0][0] + box[0][1] - 1) / 2)) : 0;
  return thumb(painted(scene, `map ${channel}`, values.subarray(depth * rows * columns, (depth + 1) * rows * columns), [rows, columns], kind, inputLimit), rows, columns, el("span.field-box", { style: { left, top, width, height } }));
}

/** A canvas is made once: that takes longer than to paint it. @param {Scene} scene @param {string} key @param {ArrayLike<number>} values @param {[number, number]} size @param {Colours} kind @param {number} limit */
function painted({ canvases }, key, values, [height, width], kind, limit) {
  const known = canvases.get(key);
  if (known) return repaint(known, values, kind, limit);
  const made = plane(values, height, width, kind, limit);
  canvases.set(key, made);
  return made;
}

/** @param {Element} drawn @param {number} height @param {number} width @param {Element | null} [box] */
const thumb = (drawn, height, width, box = null) => el(`span.thumb${height === 1 ? ".flat" : ""}`, { style: { "--wide": width, "--high": height } }, drawn, box);
