/** A sequence or a vector as a table of numbers that can be typed over. */

import { el } from "../../draw/dom.js";
import { valuesOf } from "./large.js";

/** @typedef {import("../../messages").Look} Look */

const STEPS = 60; // rows shown; of longer sequences the last ones, which say most about what comes next

/**
 * @param {Look} look (column, step), or (number,) @param {import("../../main.js").Context} context
 * @param {(values: Float32Array) => void} change
 */
export function table(look, { t }, change) {
  const values = valuesOf(look);
  const { shape } = look.numbers;
  const steps = shape[shape.length - 1];
  const columns = shape.length > 1 ? values.length / steps : 1;
  const first = Math.max(0, steps - STEPS);
  const names = Array.from({ length: columns }, (_, place) => look.names[place] ?? (columns > 1 ? t("column {place}", { place }) : t("value")));
  const cell = (/** @type {number} */ place, /** @type {string} */ label) =>
    el("td", {}, el("input.cell", { type: "number", step: "any", value: short(values[place]), "aria-label": label, "data-focus": `cell-${place}`, onchange: (/** @type {any} */ event) => {
      const typed = Number(event.target.value);
      if (!Number.isFinite(typed) || event.target.value === "") return;
      const copy = Float32Array.from(values);
      copy[place] = typed;
      change(copy);
    } }));
  const rows = Array.from({ length: steps - first }, (_, at) => first + at).map((step) =>
    el("tr", {}, el("th", { scope: "row" }, String(step)), names.map((name, column) => cell(column * steps + step, t("{name}, step {step}", { name, step })))));
  return el("div.number-table", { tabindex: 0, "aria-label": t("Numbers of the input") },
    el("table", {}, el("thead", {}, el("tr", {}, el("th", {}, t("step")), names.map((name) => el("th", { scope: "col", title: name }, name)))), el("tbody", {}, rows)));
}

/** @param {number} value */
const short = (value) => String(Number(value.toPrecision(5)));
