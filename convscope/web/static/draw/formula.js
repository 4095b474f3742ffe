/** Formulas as MathML. The server sends them as trees (see `Rendered` in messages.d.ts); what the page computes itself is put together here. */

/** @typedef {import("../messages").MathML} MathML */
/** @typedef {import("../messages").Rendered} Rendered */
/** @typedef {number | MathML} Part a sign, a letter, a number, or what was put together before */

import { el, math as element } from "./dom.js";

const BREAKS = ["=", "←", "+", "−", "·"]; // signs that may begin a line
const SPACED = ["=", "←", "+", "−"];

/**
 * @param {Rendered} shown one formula
 * @param {{general?: boolean}} [options] general: set faint, as the rule without numbers
 * @returns {HTMLElement}
 */
export const formula = ({ text, math }, { general = false } = {}) =>
  el(`div.formula${general ? ".general" : ""}`, { title: text }, isWords(math) ? text : math.map((part, place) => [element("math", { displaystyle: "true" }, [node(part, place > 0)]), el("wbr")]));

/** Whether words stand in the place of a formula: they break as words do. @param {MathML[]} math */
const isWords = ([only, ...more]) => !more.length && (only[0] === "mtext" || (only.length === 2 && only[1][0] === "mtext"));

/** An element with all that is inside. @param {MathML} math @param {boolean} [first] in a further line: a sign there would stand as that of a number @returns {Element | string} */
function node(math, first = false) {
  if (typeof math === "string") return math;
  const [name, ...inside] = math;
  const infix = first && name === "mo" && BREAKS.includes(String(inside[0]));
  return element(String(name), infix ? { form: "infix" } : {}, inside.map((part, place) => node(part, first && place === 0)));
}

/** A formula that the page makes: `written("e", "=", 2.72)`. @param {Part[]} parts @returns {Rendered} */
export const written = (...parts) => ({ text: parts.map(plain).join("").replace(/ +/g, " ").trim(), math: [row(...parts)], beside: [] });

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
  if (!Array.isArray(part)) return SPACED.includes(String(part)) ? ` ${part} ` : String(part);
  const [name, ...inside] = part;
  if (name === "mfrac") return inside.map(bracketed).join("/");
  if (name === "msup") return inside.map(bracketed).join("^");
  return inside.map(plain).join("");
}

/** In brackets where it is more than one sign. @param {Part} part */
const bracketed = (part) => (Array.isArray(part) && Array.isArray(part[1]) ? `(${plain(part)})` : plain(part));
