/**
 * Plain formulas ("⌊(28 + 2·2 − 5)/1⌋ + 1 = 28", "y[o,r] = b[o] + Σ x[i, r+u]·w[o,i,u]") set as MathML.
 * A small recursive parser: what it does not know it sets as it stands, so every formula can be shown.
 */

import { el, math } from "./dom.js";

const TOKEN = /\s*(\d{1,3}(?:[,\u202f]\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?(?:e[+−-]\d+)?|[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+|[₋₀₁₂₃₄₅₆₇₈₉]+|\p{L}[\p{L}\p{Nd}_]*[̂̄]?|[^\s])/uy;
const CLOSING = { "(": ")", "[": "]", "⌊": "⌋", "⌈": "⌉", "|": "|" };
const SIGNS = ["", "=", "+", "−", "·", "(", "[", "|", ","];
const [RAISED, LOWERED] = ["⁰¹²³⁴⁵⁶⁷⁸⁹", "₀₁₂₃₄₅₆₇₈₉"];

/**
 * @param {string} text one formula
 * @param {{general?: boolean}} [options] general: set faint, as the rule without numbers
 * @returns {HTMLElement}
 */
export function formula(text, { general = false } = {}) {
  return el(`div.formula${general ? ".general" : ""}`, { title: text }, sides(parse(text)).map((part) => [math("math", { displaystyle: "true" }, part), el("wbr")]));
}

/** The parts of a sum or an equation: a line may break before "=", "+" and "−", in brackets too. @param {Element[]} parts */
function sides(parts) {
  const found = [/** @type {Element[]} */ ([])];
  let before = "";
  for (const part of parts.flatMap(spread)) {
    const sign = part.textContent ?? "";
    if (sign === "=" || ("+−".includes(sign) && !SIGNS.includes(before))) {
      if (found[0].length) found.push([]);
      part.setAttribute("form", "infix"); // first in its line it would stand as the sign of a number
    }
    found[found.length - 1].push(part);
    before = sign;
  }
  return found;
}

/** A flat bracket as its parts; one with a fraction in it stays in one piece, so that it grows with it. @param {Element} part @returns {Element[]} */
function spread(part) {
  const bracket = part.getAttribute("data-bracket") ?? part.lastElementChild?.getAttribute("data-bracket");
  if (part.localName !== "mrow" || !bracket || part.querySelector("mfrac, msqrt")) return [part];
  return Array.from(part.children).flatMap(spread);
}

/** The elements of a formula. @param {string} text @returns {Element[]} */
export function parse(text) {
  const reader = { tokens: tokens(text), at: 0 };
  const parts = [];
  while (reader.at < reader.tokens.length) parts.push(...expression(reader, null));
  return parts;
}

/** @param {string} text */
export function tokens(text) {
  const found = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) found.push(match[1]);
  return found;
}

/** @typedef {{tokens: string[], at: number}} Reader */

/** Atoms and operators up to a closing sign. @param {Reader} reader @param {string | null} closing @returns {Element[]} */
function expression(reader, closing) {
  /** @type {Element[]} */
  const parts = [];
  while (reader.at < reader.tokens.length && reader.tokens[reader.at] !== closing) {
    if (reader.tokens[reader.at] === "/" && parts.length) {
      reader.at += 1;
      parts.push(node("mfrac", [bare(/** @type {Element} */ (parts.pop())), bare(divisor(reader))]));
    } else {
      parts.push(atom(reader));
    }
  }
  reader.at += 1;
  return parts;
}

/** What stands below a line: a sum takes what it sums along. @param {Reader} reader */
function divisor(reader) {
  const made = atom(reader);
  return made.textContent === "Σ" ? node("mrow", [made, atom(reader)]) : made;
}

/** One number, letter, bracket or sign, with what hangs on it. @param {Reader} reader @returns {Element} */
function atom(reader) {
  const token = reader.tokens[reader.at] ?? "";
  reader.at += 1;
  const made = start(token, reader);
  return raised(subscript(made, token, reader), reader);
}

/** @param {string} token @param {Reader} reader @returns {Element} */
function start(token, reader) {
  if (token === "√") return node("msqrt", [bare(atom(reader))]);
  const [, digits, exponent] = token.match(/^(\d[^e]*)e([+−-]?\d+)$/) ?? [];
  if (digits) return node("mrow", [leaf("mn", digits), leaf("mo", "·"), node("msup", [leaf("mn", "10"), leaf("mn", String(Number(exponent.replace("−", "-"))).replace("-", "−"))])]);
  if (/^\d/.test(token)) return leaf("mn", token.replace(/,/g, "\u202f"));
  if (/^\p{L}/u.test(token)) return called(leaf("mi", token), reader);
  const closing = CLOSING[/** @type {keyof typeof CLOSING} */ (token)];
  const ends = closing && reader.tokens.indexOf(closing, reader.at) >= 0;
  if (ends) return node("mrow", [leaf("mo", token), ...expression(reader, closing), leaf("mo", closing)], { "data-bracket": token });
  return leaf("mo", token);
}

/** exp(x) is one thing. @param {Element} name @param {Reader} reader */
function called(name, reader) {
  if (reader.tokens[reader.at] !== "(") return name;
  return node("mrow", [name, atom(reader)]);
}

/** x[i, j] has its index below. @param {Element} made @param {string} token @param {Reader} reader */
function subscript(made, token, reader) {
  const next = reader.tokens[reader.at] ?? "";
  if (/^\p{L}/u.test(token) && /^[₋₀-₉]/.test(next)) {
    reader.at += 1;
    return node("msub", [made, leaf("mn", next.replace(/./g, (digit) => (digit === "₋" ? "−" : String(LOWERED.indexOf(digit)))))]);
  }
  if (!/^\p{L}/u.test(token) || next !== "[") return made;
  reader.at += 1;
  return node("msub", [made, node("mrow", expression(reader, "]"))]);
}

/** @param {Element} made @param {Reader} reader */
function raised(made, reader) {
  const token = reader.tokens[reader.at];
  if (/^[⁻⁰¹²³⁴-⁹]/.test(token)) {
    reader.at += 1;
    return node("msup", [made, leaf("mn", token.replace("⁻", "−").replace(/[^−]/g, (digit) => String(RAISED.indexOf(digit))))]);
  }
  if (token !== "^") return made;
  reader.at += 1;
  return node("msup", [made, bare(atom(reader))]);
}

/** Without the brackets that a fraction or a root makes needless. @param {Element} made */
function bare(made) {
  if (made.getAttribute("data-bracket") !== "(") return made;
  return node("mrow", Array.from(made.children).slice(1, -1));
}

/** @param {string} name @param {Element[]} children @param {Record<string, string>} [props] @returns {Element} */
const node = (name, children, props = {}) => math(name, props, children);

/** @param {string} name @param {string} text @returns {Element} */
const leaf = (name, text) => math(name, {}, text);
