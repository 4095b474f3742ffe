/** Fields with their label: a choice, a whole number. */

import { el } from "../../draw/dom.js";

/** @param {string} label @param {string} focus @param {string[][]} options value, text @param {string} chosen @param {(value: string) => void} choose */
export function select(label, focus, options, chosen, choose) {
  return el("label.field", {}, label,
    el("select.select", { "data-focus": focus, onchange: (/** @type {any} */ event) => choose(event.target.value) },
      options.map(([value, text]) => el("option", { value, selected: value === chosen }, text))));
}

/** @param {string} label @param {string} focus @param {number} value @param {[number, number]} range least, most @param {(value: number) => void} change */
export function number(label, focus, value, [least, most], change) {
  return el("label.field", {}, label, el("input.small-number", { type: "number", min: least, max: most, value, "data-focus": focus, onchange: (/** @type {any} */ event) => {
    const typed = Math.round(Number(event.target.value));
    if (event.target.value === "" || !Number.isFinite(typed)) return;
    event.target.value = String(Math.max(least, Math.min(most, typed)));
    change(Number(event.target.value));
  } }));
}
