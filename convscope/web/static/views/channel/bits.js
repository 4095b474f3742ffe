/** Parts that the views of one number share: the heading, coloured cells, the ranked list, keys and drag. */

import { colourOf, css, inkOn } from "../../draw/colour.js";
import { el } from "../../draw/dom.js";
import { fixed, plain, signed } from "../../draw/numbers.js";
import { legend } from "../../draw/plane.js";
import { runningSum } from "./kinds.js";

/** @typedef {import("../../main.js").Context} Context */

/** @param {string} name @param {string} words @param {...any} right */
export const heading = (name, words, ...right) =>
  el("div.title-row.kind-title", {}, el("div.title-row", {}, el("h1", {}, name), el("span.soft.small", {}, words)), el("div.kind-tools", {}, right));

/** @param {Context["t"]} t */
export const signedLegend = (t) => legend("signed", t("negative"), t("positive"));

/** The colour of a bar for a value of this sign. @param {number} value */
export const tone = (value) => css(colourOf(value < 0 ? -0.62 : 0.62, "signed", 1));

/** A number on its colour. @param {number} value @param {number} limit @param {Record<string, any>} [props] @param {number} [digits] */
export function cell(value, limit, props = {}, digits = 4) {
  const rgb = colourOf(value, "signed", limit);
  return el("span.kind-cell", { title: plain(value, 9), ...props, style: { background: css(rgb), color: inkOn(rgb) } }, value === 0 ? "0" : fixed(value, digits));
}

/**
 * @typedef {object} Row
 * @property {string} key @property {string} name @property {number} sum
 * @property {() => (Node | string)[]} pictures what stands between the name and the sum, one element a column
 * @property {boolean} [chosen]
 */

/**
 * The largest shares first, and the running sum from the bias down to the number.
 * @param {Row[]} rows @param {number | null} bias
 * @param {{t: Context["t"], heads: string[], most: number, label: string, further: (count: number) => string, choose?: (row: Row) => void, open?: () => void, fold?: () => void, kind?: string}} options fold: only the first rows again
 */
export function ranking(rows, bias, { t, heads, most, label, further, choose, open, fold, kind = "" }) {
  const { shown, rest, low, high, total } = runningSum(rows, bias ?? 0, most);
  const x = (/** @type {number} */ value) => (100 * (value - low)) / (high - low || 1);
  const fall = bar(x);
  const line = (/** @type {string} */ name, /** @type {number} */ sum, /** @type {Node} */ drawn, /** @type {Record<string, any>} */ more = {}) =>
    el(more.onclick ? "button.row.thin" : "div.row.thin", more, el("span.whole", {}, name), el("span.number", {}, signed(sum, 4)), drawn);
  return el(`div.kind-ledger${kind}`, { role: "group", "aria-label": label, style: { "--pictures": heads.length } },
    el("div.row.head", {}, el("span"), heads.map((head) => el("span", {}, head)), el("span.number", {}, t("sum")), el("span.kind-fall-head", {}, el("span", {}, t("running sum")), el("span", {}, t("sorted by |sum|")))),
    bias !== null && line(t("bias"), bias, fall(0, bias)),
    shown.map(({ part, from, to }) =>
      el(choose ? "button.row" : "div.row", { type: choose ? "button" : null, "aria-pressed": choose ? String(Boolean(part.chosen)) : null, "data-focus": `rank ${part.key}`, onclick: choose && (() => choose(part)) },
        el("span.who", {}, part.name), part.pictures(), el("span.number", {}, signed(part.sum, 4)), fall(from, to))),
    rest.count > 0 && line(further(rest.count), rest.sum, fall(rest.from, rest.to), open ? { onclick: open, type: "button", "data-focus": "rank further", "aria-expanded": "false" } : {}),
    !rest.count && fold && el("button.row.thin", { type: "button", "data-focus": "rank further", "aria-expanded": "true", onclick: fold }, el("span.whole", {}, t("Only the first maps"))),
    el("div.row.total", {}, el("span.whole", {}, bias === null ? "Σ" : t("bias + Σ")), el("span.number", {}, fixed(total, 4)), bar(x, ".whole-bar")(0, total)));
}

/** From where to where the running sum goes. @param {(value: number) => number} x per cent @param {string} [kind] */
function bar(x, kind = "") {
  return (/** @type {number} */ from, /** @type {number} */ to) =>
    el(`span.kind-fall${kind}`, {},
      el("em", { style: { left: `${x(0)}%` } }),
      el("i", { style: { left: `${x(Math.min(from, to))}%`, width: `${Math.abs(x(to) - x(from))}%`, background: kind ? null : tone(to - from) } }),
      !kind && el("u", { style: { left: `calc(${x(to)}% - 0.5px)` } }));
}

/**
 * Arrow keys and Space on a stage.
 * @param {HTMLElement | SVGElement} stage @param {Record<string, number>} steps how far each key goes @param {(by: number) => void} go @param {() => void} [press]
 */
export function keys(stage, steps, go, press) {
  stage.addEventListener("keydown", (event) => {
    const { key } = /** @type {KeyboardEvent} */ (event);
    if (key in steps) go(steps[key]);
    else if (key === " " && press) press();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

/**
 * Press and drag, until the pointer is let go wherever it is.
 * @param {Element} box @param {Context["listen"]} listen @param {(event: PointerEvent) => void} pick
 */
export function drag(box, listen, pick) {
  box.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const over = new AbortController();
    const { signal } = over;
    listen("pointermove", pick, { signal });
    listen("pointerup", (last) => (over.abort(), pick(last)), { signal });
    listen("pointercancel", () => over.abort(), { signal });
    pick(/** @type {PointerEvent} */ (event));
  });
}
