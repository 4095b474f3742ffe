/** One input map tap by tap: window, kernel, products. Cells of one tap light up together. */

import { limit as limitOf, unravel } from "../../../draw/arrays.js";
import { cells, linked } from "../../../draw/cells.js";
import { el } from "../../../draw/dom.js";
import { plain, signed } from "../../../draw/numbers.js";
import { kernelAt, products, ranked, seen } from "../windows.js";

/** @typedef {import("../window.js").Scene} Scene */
/** @typedef {import("../window.js").Found} Found */
/** @typedef {import("../../../draw/cells.js").Kind} Kind */
/** What is multiplied: a number a tag. @typedef {{tags: number[], x: (number | null)[], w: number[], made: number[], name: (tag: number) => string, kind: Kind, limits: [number, number]}} Factors */

const MOST_MAPS = 128; // of a kernel with one tap, shown at once
const MOST_TAPS = 12; // of a signal in one line

/** @param {Scene} scene @param {Found} found @returns {Node[]} */
export function card(scene, found) {
  const { window } = scene.slide;
  if (window.rule !== "sum") return [pooled(scene, found)];
  if (scene.slide.taps === 1 && window.channels.length > 1) return [pointwise(scene, found)];
  return [multiplied(scene, found)];
}

/** @param {Scene} scene @returns {(tap: number) => string} */
function tapName({ slide, context: { t } }) {
  return (tap) => t("tap ({place})", { place: unravel(tap, slide.window.kernel).join(", ") });
}

/** Which taps stand in one grid, and in how many columns: all of a plane, the slices of a volume, lines of a signal. @param {Scene} scene @param {Found} found @returns {{name: string, columns: number, places: number[]}[]} */
function groups({ slide, context: { t, screen } }, { taps }) {
  const { kernel } = slide.window;
  const width = kernel[kernel.length - 1];
  const columns = taps.length === slide.taps ? width : new Set(taps.map(({ tap }) => tap % width)).size || 1;
  const all = taps.map((_, place) => place);
  if (kernel.length === 2) return [{ name: "", columns, places: all }];
  const size = kernel.length === 3 ? kernel[1] * kernel[2] : screen.low ? 10 : MOST_TAPS;
  const partOf = (/** @type {number} */ place) => Math.floor((kernel.length === 3 ? taps[place].tap : place) / size);
  return [...new Set(all.map(partOf))].map((part) => ({ places: all.filter((place) => partOf(place) === part), name: kernel.length === 3 ? t("slice {depth}", { depth: part }) : "", columns: kernel.length === 3 ? columns : Math.min(size, taps.length) }));
}

/** @param {Scene} scene @param {Found} found */
function multiplied(scene, found) {
  const { slide, context: { t }, kind, inputLimit, weightLimit } = scene;
  const { taps, chosen, result } = found;
  /** @type {Factors} */
  const factors = {
    tags: taps.map(({ tap }) => tap), x: seen(slide, taps, chosen), w: kernelAt(slide, taps, chosen), made: products(slide, taps, chosen), name: tapName(scene), kind, limits: [inputLimit, weightLimit],
  };
  const lines = groups(scene, found).map(({ name, columns, places }) => {
    const head = slide.space.length === 1 && el("div.cells.places", { style: { "--columns": columns } }, places.map((place) => el("span", {}, taps[place].place < 0 ? "·" : taps[place].place)));
    return grids(factors, places, columns, { t, slice: name, head });
  });
  return framed(t("Input map {i}, tap by tap", { i: slide.window.channels[chosen] }), lines, `Σ = ${signed(result.parts[chosen].sum, 4)}`, factors, t);
}

/** A kernel of one tap: the input maps at this place, of very many the strongest. @param {Scene} scene @param {Found} found */
function pointwise(scene, { taps, chosen, result }) {
  const { slide, context: { t }, kind, inputLimit, weightLimit, choice, update } = scene;
  const { channels } = slide.window;
  const all = channels.length <= MOST_MAPS;
  const tags = all ? channels.map((_, channel) => channel) : ranked(result.parts).slice(0, MOST_MAPS).map(({ channel }) => channel).sort((one, other) => one - other);
  /** @type {Factors} */
  const factors = {
    tags, x: tags.map((channel) => (taps.length ? seen(slide, taps, channel)[0] : null)), w: tags.map((channel) => slide.weight?.[channel] ?? 0), made: tags.map((channel) => result.parts[channel].sum),
    name: (channel) => t("input {i}", { i: channels[channel] }), kind, limits: [inputLimit, weightLimit],
  };
  const columns = tags.length > 25 ? 16 : Math.ceil(tags.length / Math.ceil(tags.length / 5));
  const title = all ? t("All {n} input maps at this place", { n: channels.length }) : t("The {most} strongest of {n} input maps at this place", { most: MOST_MAPS, n: channels.length });
  const pick = (/** @type {number} */ channel) => ((choice.map = channels[channel]), update());
  return framed(title, [grids(factors, tags.map((_, place) => place), columns, { t, chosen, pick })], `Σ = ${signed(result.sum, 4)}`, factors, t);
}

/** Window × kernel = products, of some places; with a head the three stand one below the other. @param {Factors} factors @param {number[]} places @param {number} columns @param {{t: Scene["context"]["t"], slice?: string, head?: Element | false, chosen?: number, pick?: (tag: number) => void}} options */
function grids({ tags, x, w, made, name, kind, limits }, places, columns, { t, slice = "", head, chosen, pick }) {
  const part = (/** @type {(number | null)[]} */ values, /** @type {Kind} */ colours, /** @type {number} */ limit, /** @type {string} */ label, /** @type {string} */ sign) => [
    sign ? el("span.sign", {}, sign) : null,
    el("div", {}, el("p.caption", {}, label), cells(places.map((place) => values[place]), columns, colours, limit, { tags: places.map((place) => tags[place]), label, name, chosen, pick })),
  ];
  return el(`div.grids${head ? ".stacked" : ""}`, {}, head && el("div", {}, el("span"), head),
    part(x, kind, limits[0], [slice, t("window")].filter(Boolean).join(", "), ""), part(w, "signed", limits[1], t("kernel"), "×"), part(made, "signed", limitOf(made), t("products"), "="));
}

/** @param {string} title @param {Element[]} lines @param {string} sum @param {Factors} factors @param {Scene["context"]["t"]} t */
function framed(title, lines, sum, { tags, x, w, made, name }, t) {
  const hint = t("Point at a cell: its partners light up.");
  const said = el("span.caption.said", {}, hint);
  const box = el("div.grids-of-taps", {}, lines);
  linked(box, (tag) => {
    const place = tags.indexOf(tag ?? -1);
    said.textContent = place < 0 ? hint : `${name(tags[place])}: ${x[place] === null ? t("0 (padding)") : plain(x[place] ?? 0)} · ${plain(w[place])} = ${plain(made[place])}`;
  });
  return el("section.panel.card", {}, el("div.title-row.apart", {}, el("div.title-row", {}, el("h2", {}, title), el("b.value.small", {}, sum)), said), box);
}

/** Pooling: the window alone, its winner outlined, or its mean. @param {Scene} scene @param {Found} found */
function pooled(scene, found) {
  const { slide, context: { t }, kind, inputLimit } = scene;
  const { taps, result } = found;
  const values = seen(slide, taps, 0);
  const name = tapName(scene);
  const made = groups(scene, found).map(({ name: slice, columns, places }) => [slice ? el("p.caption", {}, slice) : null, cells(places.map((place) => values[place]), columns, kind, inputLimit, { tags: places.map((place) => taps[place].tap), label: t("window"), name, chosen: result.winner })]);
  const max = slide.window.rule === "max";
  const words = max
    ? t("The largest number goes on: {name}. The others are left out, and get no gradient.", { name: name(result.winner) })
    : t("The sum {sum} is divided by {n}.", { sum: plain(result.sum, 6), n: result.divisor });
  return el("section.panel.card", {}, el("div.title-row.apart", {}, el("h2", {}, max ? t("The largest of the window") : t("The mean of the window"))),
    el("div.grids.pooled", {}, el("div", {}, el("p.caption", {}, t("window")), made), el("span.sign", {}, "→"),
      el("div.pool-answer", {}, el("b.value", {}, plain(result.result, 6)), el("p.small.soft", {}, words))));
}
