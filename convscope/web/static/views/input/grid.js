/** A kernel as a grid of numbers that can be typed over; arrow keys with Alt walk, Enter takes the number. */

import { colourOf, css, inkOn } from "../../draw/colour.js";
import { limit as limitOf } from "../../draw/arrays.js";
import { el } from "../../draw/dom.js";

const STEPS = /** @type {Record<string, [number, number]>} */ ({ ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] });

/**
 * @param {number[][]} rows
 * @param {{label: string, focus: string, change: (rows: number[][]) => void}} options focus: begins the name of each cell
 */
export function grid(rows, { label, focus, change }) {
  const limit = limitOf(rows.flat());
  const cells = rows.flatMap((row, y) => row.map((value, x) => {
    const rgb = colourOf(value, "signed", limit);
    return el("input.kernel-cell", {
      type: "text", inputmode: "decimal", value: short(value), title: String(value), "aria-label": `${label}: ${y}, ${x}`, "data-focus": `${focus}-${y}-${x}`,
      style: { background: css(rgb), color: inkOn(rgb) },
      onfocus: (/** @type {any} */ event) => event.target.select(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => walk(event, y, x, focus),
      onchange: (/** @type {any} */ event) => {
        const typed = typedNumber(event.target.value);
        if (typed === null) event.target.value = short(value);
        else change(rows.map((each, row_) => each.map((old, column) => (row_ === y && column === x ? typed : old))));
      },
    });
  }));
  return el("div.kernel-grid", { role: "group", "aria-label": label, style: { "--columns": rows[0].length } }, cells);
}

/** A number as people write it: 0.5, −1, 1/9; null where it is none. @param {string} text */
export function typedNumber(text) {
  const parts = text.trim().replaceAll("−", "-").replace(",", ".").split("/");
  const numbers = parts.map((part) => (part.trim() === "" ? NaN : Number(part)));
  const value = numbers.length === 2 ? numbers[0] / numbers[1] : numbers.length === 1 ? numbers[0] : NaN;
  return Number.isFinite(value) ? value : null;
}

/** As few digits as a cell has room for. @param {number} value */
export const short = (value) => String(Number(value.toFixed(Math.abs(value) >= 10 ? 1 : 3))).replace("-", "−");

/** @param {KeyboardEvent} event @param {number} y @param {number} x @param {string} focus */
function walk(event, y, x, focus) {
  const input = /** @type {HTMLInputElement} */ (event.target);
  if (event.key === "Enter") return input.blur();
  const step = STEPS[event.key];
  const across = step?.[1] !== 0;
  const all = input.selectionStart === 0 && input.selectionEnd === input.value.length;
  if (!step || (across && !all && !event.altKey)) return;
  const next = input.closest(".kernel-grid")?.querySelector(`[data-focus="${focus}-${y + step[0]}-${x + step[1]}"]`);
  if (!next) return;
  event.preventDefault();
  /** @type {HTMLElement} */ (next).focus();
}
