/** One input map tap by tap: window, kernel, products. Cells of one tap light up together. */

import { limit as limitOf } from "../../draw/arrays.js";
import { cells, linked } from "../../draw/cells.js";
import { el } from "../../draw/dom.js";
import { plain, signed } from "../../draw/numbers.js";
import { kernelAt, products, ranked, seen } from "./windows.js";

/** @typedef {import("./window2d.js").Scene} Scene */
/** @typedef {import("./windows.js").Tap} Tap */
/** @typedef {import("./windows.js").Result} Result */

const MOST_MAPS = 128; // of a kernel with one tap, shown at once

/** @param {Scene} scene @param {Result} result @param {Tap[]} taps @param {number} chosen @returns {Node[]} */
export function card(scene, result, taps, chosen) {
  const { window } = scene.slide;
  if (window.rule !== "sum") return [pooled(scene, result, taps)];
  if (scene.slide.taps === 1 && window.channels.length > 1) return [pointwise(scene, result, taps, chosen)];
  return [multiplied(scene, result, taps, chosen)];
}

/** @param {Scene} scene @param {Tap[]} taps @returns {number} how many columns of cells */
function columnsOf({ slide }, taps) {
  const width = slide.window.kernel.at(-1) ?? 1;
  return taps.length === slide.taps ? width : new Set(taps.map(({ tap }) => tap % width)).size || 1;
}

/** @param {Scene} scene @param {Result} result @param {Tap[]} taps @param {number} chosen */
function multiplied(scene, result, taps, chosen) {
  const { slide, context: { t } } = scene;
  const tags = taps.map(({ tap }) => tap);
  const columns = columnsOf(scene, taps);
  const made = products(slide, taps, chosen);
  const name = tapName(scene);
  const grid = (/** @type {(number | null)[]} */ values, /** @type {any} */ kind, /** @type {number} */ limit, /** @type {string} */ label) => cells(values, columns, kind, limit, { tags, label, name });
  const x = seen(slide, taps, chosen);
  const w = kernelAt(slide, taps, chosen);
  return threeGrids(t("Input map {i}, tap by tap", { i: slide.window.channels[chosen] }), scene, [
    [t("window"), grid(x, scene.kind, scene.inputLimit, t("window"))],
    [t("kernel"), grid(w, "signed", scene.weightLimit, t("kernel"))],
    [t("products"), grid(made, "signed", limitOf(made), t("products"))],
  ], `Σ = ${signed(result.parts[chosen].sum, 4)}`, (tag) => {
    const place = tags.indexOf(tag);
    return `${name(tag)}: ${x[place] === null ? t("0 (padding)") : plain(x[place] ?? 0)} · ${plain(w[place])} = ${plain(made[place])}`;
  });
}

/** @param {Scene} scene @returns {(tap: number) => string} */
function tapName({ slide, context: { t } }) {
  const width = slide.window.kernel.at(-1) ?? 1;
  return (tap) => t("tap ({r}, {c})", { r: Math.floor(tap / width), c: tap % width });
}

/** A kernel of one tap: the input maps at this place, of very many the strongest. @param {Scene} scene @param {Result} result @param {Tap[]} taps @param {number} chosen */
function pointwise(scene, result, taps, chosen) {
  const { slide, context: { t } } = scene;
  const { channels } = slide.window;
  const all = channels.length <= MOST_MAPS;
  const tags = all ? channels.map((_, channel) => channel) : ranked(result.parts).slice(0, MOST_MAPS).map(({ channel }) => channel).sort((one, other) => one - other);
  const name = (/** @type {number} */ channel) => t("input {i}", { i: channels[channel] });
  const x = tags.map((channel) => (taps.length ? seen(slide, taps, channel)[0] : null));
  const w = tags.map((channel) => slide.weight?.[channel] ?? 0);
  const made = tags.map((channel) => result.parts[channel].sum);
  const columns = tags.length > 25 ? 16 : Math.ceil(tags.length / Math.ceil(tags.length / 5));
  const grid = (/** @type {(number | null)[]} */ values, /** @type {any} */ kind, /** @type {number} */ limit, /** @type {string} */ label) => cells(values, columns, kind, limit, { tags, label, name, chosen, pick: scene.choose });
  const title = all ? t("All {n} input maps at this place", { n: channels.length }) : t("The {most} strongest of {n} input maps at this place", { most: MOST_MAPS, n: channels.length });
  return threeGrids(title, scene, [
    [t("input"), grid(x, scene.kind, scene.inputLimit, t("input"))],
    [t("kernel"), grid(w, "signed", scene.weightLimit, t("kernel"))],
    [t("products"), grid(made, "signed", limitOf(made), t("products"))],
  ], `Σ = ${signed(result.sum, 4)}`, (tag) => {
    const place = tags.indexOf(tag);
    return `${name(tag)}: ${plain(x[place] ?? 0)} · ${plain(w[place])} = ${plain(made[place])}`;
  });
}

/** @param {string} title @param {Scene} scene @param {[string, Element][]} grids @param {string} sum @param {(tag: number) => string} say */
function threeGrids(title, { context: { t } }, grids, sum, say) {
  const hint = t("Point at a cell: its partners light up.");
  const said = el("span.caption.said", {}, hint);
  const parts = grids.flatMap(([label, grid], place) => [
    place ? el("span.sign", {}, place === 1 ? "×" : "=") : null,
    el("div", {}, el("p.caption", {}, label, place === 2 && el("b.value", {}, sum)), grid),
  ]);
  const box = el("div.grids", {}, parts);
  linked(box, (tag) => (said.textContent = tag === null ? hint : say(tag)));
  return el("section.panel.card", {}, el("div.title-row.apart", {}, el("h2", {}, title), said), box);
}

/** Pooling: the window alone, its winner outlined, or its mean. @param {Scene} scene @param {Result} result @param {Tap[]} taps */
function pooled(scene, result, taps) {
  const { slide, context: { t } } = scene;
  const tags = taps.map(({ tap }) => tap);
  const values = seen(slide, taps, 0);
  const name = tapName(scene);
  const grid = cells(values, columnsOf(scene, taps), scene.kind, scene.inputLimit, { tags, label: t("window"), name, chosen: result.winner });
  const max = slide.window.rule === "max";
  const words = max
    ? t("The largest number goes on: {name}. The others are left out, and get no gradient.", { name: name(result.winner) })
    : t("The sum {sum} is divided by {n}.", { sum: plain(result.sum, 6), n: result.divisor });
  return el("section.panel.card", {}, el("div.title-row.apart", {}, el("h2", {}, max ? t("The largest of the window") : t("The mean of the window"))),
    el("div.grids.pooled", {}, el("div", {}, el("p.caption", {}, t("window")), grid), el("span.sign", {}, "→"),
      el("div.pool-answer", {}, el("b.value", {}, plain(result.result, 6)), el("p.small.soft", {}, words))));
}
