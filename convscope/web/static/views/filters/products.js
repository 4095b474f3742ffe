/** One number of the result: window × kernel = products, and the sizes by formula. */

import { cells } from "../../draw/cells.js";
import { limit as limitOf } from "../../draw/arrays.js";
import { el } from "../../draw/dom.js";
import { formula, fraction, row, written } from "../../draw/formula.js";

/** @typedef {import("../../draw/formula.js").Part} Part */
import { plain, shape } from "../../draw/numbers.js";
import { outputSize, room, sizeOf, taps } from "./convolve.js";

/** @typedef {import("../../main.js").Context} Context */
/** @typedef {import("./convolve.js").Plane} Plane */
/** @typedef {import("./convolve.js").Settings} Settings */

const CELL = 46; // pixels a column

/** @param {Plane} plane @param {Settings} settings @param {[number, number]} at @param {Context} context */
export function products(plane, settings, at, { t }) {
  const places = taps(plane, settings, at);
  const weights = settings.kernel.flat();
  const [, columns] = sizeOf(settings.kernel);
  const window = places.map((place) => (place < 0 ? null : plane.values[place]));
  const each = window.map((value, tap) => (value ?? 0) * weights[tap]);
  const sum = each.reduce((total, value) => total + value, 0);
  const low = window.some((value) => (value ?? 0) < 0);
  const part = (/** @type {string} */ name, /** @type {(number | null)[]} */ values, /** @type {import("../../draw/colour.js").Kind} */ kind, /** @type {number} */ limit) =>
    el("div", { style: { width: `${columns * CELL}px` } }, el("p.caption", {}, name), cells(values, columns, kind, limit, { label: name }));
  return el("div.panel.filter-products", {},
    el("h3", {}, plane.height > 1 ? t("The number at row {row}, column {column}", { row: at[0], column: at[1] }) : t("The number at place {place}", { place: at[1] })),
    el("div.filter-row", {},
      part(t("window"), window, low ? "signed" : "raw", limitOf(plane.values)),
      el("span.sign", { "aria-hidden": "true" }, "×"),
      part(t("kernel"), weights, "signed", limitOf(weights)),
      el("span.sign", { "aria-hidden": "true" }, "="),
      part(t("products"), each, "signed", limitOf(each)),
      el("div.filter-sum", {}, el("p.caption", {}, t("their sum")), el("b", {}, plain(sum, 6)))));
}

/** How many steps a window takes, of numbers or letters. @param {Part} n @param {Part} p @param {Part} d @param {Part} k @param {Part} s */
const steps = (n, p, d, k, s) => ["⌊", fraction(row(n, "+", 2, "·", p, "−", d, "·", "(", k, "−", 1, ")", "−", 1), s), "⌋", "+", 1];

/** @param {Plane} plane @param {Plane} out @param {Settings} settings @param {string} pool @param {Context} context */
export function sizes(plane, out, settings, pool, { t }) {
  const [rows, columns] = sizeOf(settings.kernel);
  const flat = plane.height === 1;
  const made = flat ? [out.width] : [out.height, out.width];
  const last = made.map((size) => (pool ? Math.floor(size / 2) : size));
  const line = (/** @type {number} */ length, /** @type {number} */ kernel) =>
    formula(written(...steps(length, room(settings, kernel), settings.dilation, kernel, settings.stride), "=", outputSize(length, kernel, settings)));
  const square = plane.height === plane.width && rows === columns;
  return el("div.panel.filter-sizes", {},
    el("h3", {}, t("Size"), el("span", {}, `${shape(flat ? [plane.width] : [plane.height, plane.width])} → ${shape(last)}`)),
    formula(written(...steps("n", "p", "d", "k", "s")), { general: true }),
    !flat && line(plane.height, rows),
    (flat || !square) && line(plane.width, columns),
    pool && formula(written("⌊", fraction(made[made.length - 1], 2), "⌋", "=", last[last.length - 1])),
    el("p.caption", {}, t("n numbers, p of padding on each side, kernel k, dilation d, stride s")));
}
