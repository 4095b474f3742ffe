/** One recurrent cell with its numbers, as a diagram: what comes in, the gates, what goes out. */

import { el, svg } from "../../draw/dom.js";
import { fixed } from "../../draw/numbers.js";
import { colourOf, css, inkOn } from "../../draw/colour.js";

/** @typedef {import("../../messages").Step} Step */
/** @typedef {Omit<import("../../messages").Gate, "input" | "hidden"> & {name: string, value: number, input: Step, hidden: Step}} Gate */
/** @typedef {import("../../messages").Cell} Cell */
/** @typedef {import("../../main.js").Context["t"]} T */

const WIDE = { lstm: 860, gru: 740, rnn: 700 };
const HIGH = 200;

/** @param {Gate[]} gates @param {Cell} cell @param {T} t */
export function diagram(gates, cell, t) {
  const drawn = { lstm, gru, rnn }[cell.kind](new Map(gates.map((gate) => [gate.letter, gate])), cell, t);
  return el("div.kind-diagram", {}, svg("svg", { viewBox: `0 0 ${WIDE[cell.kind]} ${HIGH}`, role: "img", "aria-label": t("the cell with its numbers") }, drawn));
}

/** A rounded box with a name above and a number in it. @param {number} x @param {number} y @param {string} name @param {number | null | undefined} value @param {string} [kind] */
function box(x, y, name, value, kind = "") {
  const rgb = value === null || value === undefined ? null : colourOf(value, "signed", 1);
  return svg("g", { class: `kind-box ${kind}` },
    svg("rect", { x: x - 42, y: y - 14, width: 84, height: 28, rx: 3, fill: rgb ? css(rgb) : "none" }),
    svg("text", { x, y: y + 4, "text-anchor": "middle", class: "value", style: { fill: rgb ? inkOn(rgb) : "var(--ink-faint)" } }, rgb ? fixed(/** @type {number} */ (value), 4) : "·"),
    svg("text", { x, y: y - 20, "text-anchor": "middle", class: "name" }, name));
}

/** A sign in a circle. @param {number} x @param {number} y @param {string} text */
const sign = (x, y, text) => svg("g", { class: "kind-sign" }, svg("circle", { cx: x, cy: y, r: text.length > 1 ? 18 : 12 }), svg("text", { x, y: y + 4, "text-anchor": "middle" }, text));

/** @param {string} d @param {string} [kind] */
const wire = (d, kind = "") => svg("path", { d, class: `kind-wire ${kind}` });

/** What an arrow carries. @param {number} x @param {number} y @param {string} text */
const note = (x, y, text) => svg("text", { x, y, "text-anchor": "middle", class: "note" }, text);

/** c = f·c₋₁ + i·g, h = o·tanh(c). @param {Map<string, Gate>} gates @param {Cell} cell @param {T} t */
function lstm(gates, cell, t) {
  const [f, i, g, o] = ["f", "i", "g", "o"].map((letter) => gates.get(letter)?.value);
  const [line, low] = [48, 152];
  const kept = f !== undefined && cell.cell_before !== null ? f * cell.cell_before : null;
  const added = i !== undefined && g !== undefined ? i * g : null;
  return [
    wire(`M100 ${line}H178`), wire(`M202 ${line}H388`), wire(`M412 ${line}H508`), wire(`M592 ${line}H690V82`), wire(`M690 118V${low - 12}`), wire(`M190 ${low - 34}V${line + 12}`),
    wire(`M342 ${low}H388`), wire(`M448 ${low}H412`), wire(`M400 ${low - 12}V${line + 12}`), wire(`M642 ${low}H678`), wire(`M702 ${low}H758`),
    box(58, line, t("cell state before"), cell.cell_before, "state"), sign(190, line, "×"), sign(400, line, "+"), box(550, line, t("cell state c"), cell.cell, "state"), sign(690, 100, "tanh"),
    box(190, low, t("forget gate f"), f), box(300, low, t("input gate i"), i), sign(400, low, "×"), box(490, low, t("candidate g"), g), box(600, low, t("output gate o"), o), sign(690, low, "×"), box(800, low, t("hidden state h"), cell.hidden, "state out"),
    kept !== null && note(296, line - 8, `f·c₋₁ = ${fixed(kept, 4)}`), added !== null && note(446, 104, `i·g = ${fixed(added, 4)}`), cell.cell !== null && note(738, 104, fixed(Math.tanh(cell.cell), 4)),
  ];
}

/** h = (1 − z)·n + z·h₋₁. @param {Map<string, Gate>} gates @param {Cell} cell @param {T} t */
function gru(gates, cell, t) {
  const [r, z, n] = ["r", "z", "n"].map((letter) => gates.get(letter)?.value);
  const [line, low] = [48, 152];
  const kept = z !== undefined && cell.hidden_before !== null ? z * cell.hidden_before : null;
  const added = z !== undefined && n !== undefined ? (1 - z) * n : null;
  return [
    wire(`M110 ${line}H268`), wire(`M292 ${line}H508`), wire(`M532 ${line}H648`), wire(`M280 ${low - 34}V${line + 12}`), wire(`M322 ${low}H388`), wire(`M412 ${low}H478`),
    wire(`M520 ${low - 34}V${line + 12}`),
    box(68, line, t("hidden state before"), cell.hidden_before, "state"), sign(280, line, "×"), sign(520, line, "+"), box(690, line, t("hidden state h"), cell.hidden, "state out"),
    box(68, low, t("reset gate r"), r), box(280, low, t("update gate z"), z), sign(400, low, "1 − z"), box(520, low, t("candidate n"), n),
    wire(`M90 ${low + 14}C130 ${low + 34} 460 ${low + 34} 498 ${low + 14}`, "faint"), note(294, HIGH - 2, t("r says how much of the past the candidate sees")),
    kept !== null && note(400, line - 8, `z·h₋₁ = ${fixed(kept, 4)}`), added !== null && note(592, 104, `(1 − z)·n = ${fixed(added, 4)}`),
  ];
}

/** h = tanh(…). @param {Map<string, Gate>} gates @param {Cell} cell @param {T} t */
function rnn(gates, cell, t) {
  const gate = [...gates.values()][0];
  const line = 98;
  return [
    wire(`M152 52H300V${line - 12}`), wire(`M152 148H300V${line + 12}`), wire(`M312 ${line}H420`), wire(`M456 ${line}H596`),
    box(110, 52, t("from the input"), gate.input.value), box(110, 148, t("from the state before"), gate.hidden.value), sign(300, line, "+"), sign(438, line, gate.squash), box(638, line, t("hidden state h"), cell.hidden, "state out"),
    note(366, line - 8, fixed(gate.before, 4)), note(228, 44, `b = ${fixed(gate.input_bias, 4)}`), note(228, 166, `b = ${fixed(gate.hidden_bias, 4)}`),
  ];
}
