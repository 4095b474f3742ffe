/** What each input map brings, the largest |sum| first, and the running sum from the bias down to the number. */

import { limit as limitOf, row as rowOf } from "../../draw/arrays.js";
import { el } from "../../draw/dom.js";
import { fixed, signed } from "../../draw/numbers.js";
import { plane, repaint } from "../../draw/plane.js";
import { put } from "./strip.js";
import { boxAt, kernelAt, products, ranked, seen } from "./windows.js";

/** @typedef {import("./window2d.js").Scene} Scene */
/** @typedef {import("./windows.js").Tap} Tap */
/** @typedef {import("./windows.js").Result} Result */
/** @typedef {import("./windows.js").Part} Part */

const MORE = 24; // further maps at a time
/** The small pictures of each input map, drawn once and painted anew. @typedef {{thumb: HTMLElement, box: HTMLElement, planes: HTMLCanvasElement[]}} Kept */
/** @type {WeakMap<Scene, Map<number, Kept>>} one scene has one theme */
const thumbs = new WeakMap();

/** @param {Scene} scene @param {Result} result @param {Tap[]} taps @param {number} chosen @returns {(Node | null)[]} */
export function ledger(scene, result, taps, chosen) {
  if (scene.slide.window.rule !== "sum") return [];
  const { t } = scene.context;
  const order = ranked(result.parts);
  const first = scene.low ? 5 : 6;
  const shown = order.slice(0, first + scene.open);
  const rest = order.slice(shown.length);
  const others = rest.reduce((sum, part) => sum + part.sum, 0);
  const marks = [0, result.bias];
  [...shown.map((part) => part.sum), others].forEach((value) => marks.push(marks[marks.length - 1] + value));
  const fall = waterfall(marks);
  const most = limitOf(products(scene.slide, taps, order[0]?.channel ?? 0));
  const line = (/** @type {string} */ text, /** @type {number} */ value, /** @type {number} */ place) =>
    el("div.row.thin", {}, el("span.span-to-sum.soft", {}, text), el("span.number", {}, signed(value, 4)), el("span"), fall(place));
  return [el("div.ledger", { role: "group", "aria-label": t("Input maps, the largest sum first") },
    head(scene, order.length),
    scene.slide.window.bias !== null && line(t("bias"), result.bias, 0),
    shown.map((part, place) => row(scene, part, taps, most, part.channel === chosen, fall(place + 1))),
    rest.length > 0 && further(scene, rest, others, fall(shown.length + 1)),
    !rest.length && scene.open > 0 && fewer(scene),
    el("div.row.total", {}, el("span.span-to-sum", {}, scene.slide.window.bias === null ? t("Σ") : t("bias + Σ")), el("span.number", {}, fixed(result.result, 4)), el("span"), fall(-1)))];
}

/** @param {Scene} scene @param {number} maps */
function head({ context: { t } }, maps) {
  return el("div.row.head", {}, el("span.who"), [t("input"), t("window"), t("kernel"), t("products")].map((text) => el("span", {}, text)), el("span.number", {}, t("sum")), el("span"),
    el("span.fall-head", {}, t("running sum"), maps > 1 && el("span", {}, t("sorted by |sum|"))));
}

/** @param {Scene} scene @param {Part} part @param {Tap[]} taps @param {number} most @param {boolean} chosen @param {Element} fall */
function row(scene, part, taps, most, chosen, fall) {
  const { slide, context: { t } } = scene;
  const name = slide.window.channels[part.channel];
  const [height, width] = slide.window.kernel;
  const spread = (/** @type {(number | null)[]} */ values) => {
    const all = new Float32Array(slide.taps);
    taps.forEach(({ tap }, place) => (all[tap] = values[place] ?? 0));
    return all;
  };
  const kept = keep(scene, part.channel);
  const small = (/** @type {number} */ place, /** @type {(number | null)[]} */ values, /** @type {"signed" | "positive"} */ kind, /** @type {number} */ limit) =>
    el("span.thumb", { style: { "--wide": width, "--high": height } }, repaint(kept.planes[place], spread(values), kind, limit));
  return el("button.row", { type: "button", "aria-pressed": String(chosen), "data-focus": `map-${part.channel}`, "aria-label": t("input map {i} brings {sum}", { i: name, sum: signed(part.sum, 4) }), onclick: () => scene.choose(part.channel) },
    el("span.who", {}, t("in {i}", { i: name })), inputThumb(scene, kept),
    el("span.with-sign", { "data-sign": "×" }, small(0, seen(slide, taps, part.channel), scene.kind, scene.inputLimit)),
    el("span.with-sign", { "data-sign": "=" }, small(1, kernelAt(slide, taps, part.channel), "signed", scene.weightLimit)),
    small(2, products(slide, taps, part.channel), "signed", most), el("span.number", {}, signed(part.sum, 4)), el("span"), fall);
}

/** @param {Scene} scene @param {number} channel @returns {Kept} */
function keep(scene, channel) {
  const all = thumbs.get(scene) ?? new Map();
  thumbs.set(scene, all);
  const known = all.get(channel) ?? draw(scene, channel);
  all.set(channel, known);
  return known;
}

/** @param {Scene} scene @param {number} channel @returns {Kept} */
function draw({ slide, kind, inputLimit }, channel) {
  const [rows, columns] = slide.space;
  const map = plane(rowOf(/** @type {Float32Array} */ (slide.input), slide.window.input.shape, channel), rows, columns, kind, inputLimit);
  const box = el("span.field-box");
  const [height, width] = slide.window.kernel;
  const planes = [0, 1, 2].map(() => /** @type {HTMLCanvasElement} */ (el("canvas", { width, height })));
  return { thumb: el("span.thumb", { style: { "--wide": columns, "--high": rows } }, map, box), box, planes };
}

/** The map itself with the window on it. @param {Scene} scene @param {Kept} kept */
function inputThumb({ slide, at }, { thumb, box }) {
  const [rows, columns] = boxAt(slide, at).map(([start, stop], axis) => [Math.max(0, start), Math.min(slide.space[axis], stop)]);
  put(box, { left: columns[0] / slide.space[1], top: rows[0] / slide.space[0], width: Math.max(0, columns[1] - columns[0]) / slide.space[1], height: Math.max(0, rows[1] - rows[0]) / slide.space[0] });
  return thumb;
}

/** @param {Scene} scene @param {Part[]} rest @param {number} others @param {Element} fall */
function further(scene, rest, others, fall) {
  const { t } = scene.context;
  return el("button.row.thin", { type: "button", "aria-expanded": "false", "data-focus": "further", title: t("show them"), onclick: () => scene.unfold(scene.open + MORE) },
    el("span.span-to-sum.soft.opens", {}, rest.length === 1 ? t("1 further map") : t("{n} further maps", { n: rest.length })), el("span.number", {}, signed(others, 4)), el("span"), fall);
}

/** @param {Scene} scene */
function fewer(scene) {
  return el("button.row.thin", { type: "button", "aria-expanded": "true", "data-focus": "further", onclick: () => scene.unfold(0) }, el("span.span-to-sum.soft.opens", {}, scene.context.t("Only the first maps")));
}

/** Bars from one partial sum to the next; −1 is the total. @param {number[]} marks @returns {(place: number) => Element} */
function waterfall(marks) {
  const low = Math.min(...marks);
  const high = Math.max(...marks);
  const along = (/** @type {number} */ value) => (100 * (value - low)) / (high - low || 1);
  const zero = () => el("em", { style: { left: `${along(0)}%` } });
  const bar = (/** @type {number} */ from, /** @type {number} */ to, /** @type {string} */ name) => el(`i.${name}`, { style: { left: `${along(Math.min(from, to))}%`, width: `${Math.abs(along(to) - along(from))}%` } });
  return (place) => {
    const last = marks[marks.length - 1];
    if (place < 0) return el("span.fall.total-bar", {}, zero(), bar(0, last, "all"));
    const [from, to] = [marks[place], marks[place + 1]];
    return el("span.fall", {}, zero(), bar(from, to, to >= from ? "up" : "down"), el("u", { style: { left: `calc(${along(to)}% - 0.5px)` } }));
  };
}
