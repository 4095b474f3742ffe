/**
 * Colour maps: stops from tokens.css, blended in OKLab (https://bottosson.github.io/posts/oklab).
 * `signed` has zero in the middle; `positive` and `raw` begin with it.
 */

import { root, token } from "./dom.js";

/** @typedef {"signed" | "positive" | "raw"} Kind */
/** @typedef {[number, number, number]} Three */

const STOPS = {
  signed: ["negative-strong", "negative", "negative-weak", "zero", "positive-weak", "positive", "positive-strong"],
  positive: ["zero", "positive-weak", "positive", "positive-strong"],
  raw: ["raw-zero", "raw-full"],
};

/** The tables of a theme are made once. @type {WeakMap<Element, Record<string, Uint8ClampedArray>>} */
const known = new WeakMap();

/** 256 colours, four bytes each, for the theme in force. @param {Kind} kind */
export function colours(kind) {
  const page = root();
  const tables = known.get(page) ?? {};
  known.set(page, tables);
  return (tables[`${kind} ${page.dataset.theme}`] ??= blend(STOPS[kind].map((stop) => token(`--map-${stop}`))));
}

/** @param {string[]} hexes at least two colours as #rrggbb */
export function blend(hexes) {
  const labs = hexes.map(toLab);
  const table = new Uint8ClampedArray(256 * 4);
  for (let step = 0; step < 256; step += 1) {
    const along = (step / 255) * (labs.length - 1);
    const stop = Math.min(labs.length - 2, Math.floor(along));
    const mixed = labs[stop].map((value, axis) => value + (labs[stop + 1][axis] - value) * (along - stop));
    table.set([...toRgb(/** @type {Three} */ (mixed)), 255], 4 * step);
  }
  return table;
}

/** Which of the 256 colours a value has; NaN has that of zero. @param {number} value @param {Kind} kind @param {number} limit the end of the scale */
export function step(value, kind, limit) {
  const along = kind === "signed" ? 127.5 + (127.5 * value) / limit : (255 * value) / limit;
  if (Number.isNaN(along)) return kind === "signed" ? 128 : 0;
  return Math.max(0, Math.min(255, Math.round(along)));
}

/** @param {number} value @param {Kind} kind @param {number} limit @returns {Three} */
export function colourOf(value, kind, limit) {
  const place = 4 * step(value, kind, limit);
  const table = colours(kind);
  return [table[place], table[place + 1], table[place + 2]];
}

/** @param {Three} rgb */
export const css = (rgb) => `rgb(${rgb.join(" ")})`;

/** Black or white, whichever reads better on a colour: never below 4.5 : 1. @param {Three} rgb */
export function inkOn(rgb) {
  const [red, green, blue] = rgb.map((value) => linear(value / 255));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}

/** @param {number} value 0..1 */
const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);

/** @param {number} value */
const gamma = (value) => (value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055);

/** @param {string} hex @returns {Three} */
function toLab(hex) {
  const [r, g, b] = [1, 3, 5].map((at) => linear(parseInt(hex.slice(at, at + 2), 16) / 255));
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** @param {Three} lab @returns {Three} */
function toRgb([lightness, a, b]) {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const three = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return /** @type {Three} */ (three.map((value) => Math.round(255 * Math.min(1, Math.max(0, gamma(value))))));
}
