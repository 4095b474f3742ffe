/** Formulas as MathML. The server sends them as trees (see `Rendered` in messages.d.ts); what the page computes itself is put together here. */

/** @typedef {import("../messages").MathML} MathML */
/** @typedef {import("../messages").Rendered} Rendered */
/** @typedef {number | MathML} Part a sign, a letter, a number, or what was put together before */

import { el, math as element } from "./dom.js";

const BREAKS = ["=", "←", "+", "−"];

/**
 * @param {Rendered} shown one formula
 * @param {{general?: boolean}} [options] general: set faint, as the rule without numbers
 * @returns {HTMLElement}
 */
export const formula = ({ text, math }, { general = false } = {}) =>
  el(`div.formula${general ? ".general" : ""}`, { title: text }, math.map((part) => [element("math", { displaystyle: "true" }, [node(part, true)]), el("wbr")]));

/** An element with all that is inside. @param {MathML} math @param {boolean} [first] in its line: a sign there would stand as that of a number @returns {Element | string} */
function node(math, first = false) {
  if (typeof math === "string") return math;
  const [name, ...inside] = math;
  const infix = first && name === "mo" && BREAKS.includes(String(inside[0]));
  return element(String(name), infix ? { form: "infix" } : {}, inside.map((part, place) => node(part, first && place === 0)));
}

/** A formula that the page makes: `written("e", "=", 2.72)`. @param {Part[]} parts @returns {Rendered} */
export const written = (...parts) => ({ text: parts.map(plain).join(" "), math: [row(...parts)], beside: [] });

/** One above the other. @param {Part} above @param {Part} below @returns {MathML} */
export const fraction = (above, below) => ["mfrac", leaf(above), leaf(below)];

/** @param {Part} base @param {Part} exponent @returns {MathML} */
export const power = (base, exponent) => ["msup", leaf(base), leaf(exponent)];

/** Side by side. @param {Part[]} parts @returns {MathML} */
export const row = (...parts) => ["mrow", ...parts.map(leaf)];

/** @param {Part} part @returns {MathML} */
function leaf(part) {
  if (Array.isArray(part)) return part;
  const words = String(part).replace("-", "−");
  return [/^−?\d/.test(words) ? "mn" : /^\p{L}/u.test(words) ? "mi" : "mo", words];
}

/** What a part says. @param {Part} part @returns {string} */
function plain(part) {
  if (!Array.isArray(part)) return String(part);
  const [name, ...inside] = part;
  const words = inside.map(plain);
  return name === "mfrac" ? `(${words[0]})/(${words[1]})` : words.join(name === "msup" ? "^" : " ");
}
