/** Numbers in coloured cells; cells of the same tap in several grids light up together. */

import { colourOf, css, inkOn } from "./colour.js";
import { el } from "./dom.js";
import { fixed } from "./numbers.js";

/** @typedef {import("./colour.js").Kind} Kind */

const MOST_WITH_TEXT = 8; // columns; more are colours alone, their numbers come on hover

/**
 * @param {(number | null)[]} values null: no data, hatched
 * @param {number} columns
 * @param {Kind} kind @param {number} limit the end of the colour scale
 * @param {{tags?: number[], chosen?: number, label?: string, pick?: (tag: number) => void, name?: (tag: number) => string}} [options]
 * tags: which tap each cell is; chosen: the tag that is outlined; pick: cells can be pressed; name: of a cell, for its title
 */
export function cells(values, columns, kind, limit, { tags, chosen, label = "", pick, name } = {}) {
  const made = values.map((value, place) => {
    const tag = tags ? tags[place] : place;
    const words = `${name ? `${name(tag)}: ` : ""}${value === null ? "0" : String(value).replace("-", "−")}`;
    const props = { "data-tap": tag, title: words, class: tag === chosen ? "chosen" : null };
    if (value === null) return el("span.hatched.no-data", props, "0");
    const rgb = colourOf(value, kind, limit);
    const more = pick ? { "aria-pressed": String(tag === chosen), type: "button", onclick: () => pick(tag) } : {};
    return el(pick ? "button" : "span", { ...props, ...more, style: { background: css(rgb), color: inkOn(rgb) } }, short(value));
  });
  return el(`div.cells${columns > MOST_WITH_TEXT ? ".tight" : ""}`, { role: "group", "aria-label": label, style: { "--columns": columns } }, made);
}

/** A number in a small cell. @param {number} value */
export function short(value) {
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value < 0 ? "−∞" : "∞";
  const size = Math.abs(value);
  if (size >= 1000) return fixed(value, 0);
  return fixed(value, size >= 100 ? 1 : size >= 10 ? 2 : 3);
}

/** Cells of one tap light up together wherever they are in the box. @param {HTMLElement} box @param {(tap: number | null) => void} [hear] */
export function linked(box, hear) {
  const light = (/** @type {string | undefined} */ tap) => {
    box.querySelectorAll("[data-tap]").forEach((cell) => cell.classList.toggle("linked", tap !== undefined && cell.getAttribute("data-tap") === tap));
    hear?.(tap === undefined ? null : Number(tap));
  };
  const of = (/** @type {EventTarget | null} */ target) => (target instanceof Element ? target.closest("[data-tap]")?.getAttribute("data-tap") ?? undefined : undefined);
  box.addEventListener("pointerover", (event) => light(of(event.target)));
  box.addEventListener("pointerleave", () => light(undefined));
  box.addEventListener("focusin", (event) => light(of(event.target)));
  box.addEventListener("focusout", () => light(undefined));
}
