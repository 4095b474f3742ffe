/** Input and result side by side, the window on one, its number on the other; a drag on either moves both. */

import { limit as limitOf } from "../../draw/arrays.js";
import { el } from "../../draw/dom.js";
import { legend, lines, plane as heat } from "../../draw/plane.js";
import { plain, shape } from "../../draw/numbers.js";
import { sizeOf } from "./convolve.js";

/** @typedef {import("../../main.js").Context} Context */
/** @typedef {import("./convolve.js").Plane} Plane */
/** @typedef {[number, number]} At */
/** @typedef {{input: Plane & {room: At}, output: Plane, pooled: Plane | null, settings: import("./convolve.js").Settings, look: import("../../messages").Look, context: Context, middle: HTMLElement, at: () => At, move: (at: At) => void}} Props */

/** @param {Props} props */
export function stage(props) {
  const { input, output, pooled, settings, context } = props;
  const { t } = context;
  const window = el("div.field-box.window");
  const unit = el("div.field-box.unit");
  const inner = el("div.edge", { "aria-hidden": "true" });
  at(inner, input.room[0], input.room[1], input.height - 2 * input.room[0], input.width - 2 * input.room[1], input);
  inner.hidden = !input.room[0] && !input.room[1];
  const raw = map(input, t("the input, padded"), "ink");
  const result = map(output, t("the result"), output.values.some((value) => value < 0) ? "signed" : "ink", props.look.numbers.high);
  raw.append(inner, window);
  result.append(unit);
  movable(raw, props, (row, column) => centreOf(row, column, props));
  movable(result, props, (row, column) => [row, column]);
  const kind = output.values.some((value) => value < 0) ? "signed" : "raw";
  const most = limitOf(output.values);
  const element = el(`div.panel.filter-maps${output.height === 1 ? ".flat" : ""}`, {},
    figure(raw, t("input, padded by {room}", { room: shape(input.height > 1 ? input.room : [input.room[1]]) }), shape(sizesOf(input))),
    el("span.sign", { "aria-hidden": "true" }, "×"),
    props.middle,
    el("span.sign", { "aria-hidden": "true" }, "="),
    figure(result, t("result"), shape(sizesOf(output)), output.height > 1 && legend(kind, kind === "signed" ? `−${plain(most, 3)}` : "0", plain(kind === "signed" ? most : Math.max(most, props.look.numbers.high), 3))),
    pooled && figure(map(pooled, t("the result, pooled"), kind === "signed" ? "signed" : "ink", props.look.numbers.high), t("pooled"), shape(sizesOf(pooled))));
  return { element, place: (/** @type {At} */ place) => {
    const [rows, columns] = sizeOf(settings.kernel).map((size) => settings.dilation * (size - 1) + 1);
    const stride = output.height > 1 || input.height > 1 ? settings.stride : 1;
    at(window, place[0] * stride, place[1] * settings.stride, rows, columns, input);
    at(unit, place[0], place[1], 1, 1, output);
  } };
}

/** @param {Plane} plane */
const sizesOf = ({ height, width }) => (height > 1 ? [height, width] : [width]);

/** @param {Plane} plane @param {string} label @param {"ink" | "signed"} kind @param {number} [high] */
function map(plane, label, kind, high = 0) {
  const { values, height, width } = plane;
  const negative = kind === "signed" || values.some((value) => value < 0);
  const drawn = height === 1 ? lines([values], { label }) : heat(values, height, width, negative ? "signed" : "raw", negative ? undefined : Math.max(high, limitOf(values)), label);
  return el("div.filter-map", { tabindex: 0, "data-focus": `filter-${label}`, "aria-label": label, style: height === 1 ? {} : { "aspect-ratio": `${width} / ${height}` } }, drawn);
}

/** @param {HTMLElement} box @param {string} words @param {string} size @param {Node | false} [more] */
const figure = (box, words, size, more = false) => el("figure", {}, box, el("figcaption.caption", {}, el("span", {}, words), el("span", {}, size)), more);

/** @param {HTMLElement} box @param {number} row @param {number} column @param {number} rows @param {number} columns @param {Plane} plane */
function at(box, row, column, rows, columns, { height, width }) {
  const shares = { left: column / width, top: row / height, width: columns / width, height: rows / height };
  for (const [side, share] of Object.entries(shares)) box.style.setProperty(side, `${100 * share}%`);
}

/** The output whose window has its middle nearest. @param {number} row @param {number} column @param {Props} props @returns {At} */
function centreOf(row, column, { settings }) {
  const [rows, columns] = sizeOf(settings.kernel).map((size) => settings.dilation * (size - 1));
  return [Math.round((row - rows / 2) / settings.stride), Math.round((column - columns / 2) / settings.stride)];
}

/** Drag and arrow keys. @param {HTMLElement} box @param {Props} props @param {(row: number, column: number) => At} output */
function movable(box, props, output) {
  const { output: out } = props;
  const go = (/** @type {At} */ [row, column]) => props.move([Math.max(0, Math.min(out.height - 1, row)), Math.max(0, Math.min(out.width - 1, column))]);
  const follow = (/** @type {PointerEvent} */ event) => {
    const rect = box.getBoundingClientRect();
    const whole = box.querySelector(".window") ? props.input : out;
    go(output(Math.floor(((event.clientY - rect.top) / rect.height) * whole.height), Math.floor(((event.clientX - rect.left) / rect.width) * whole.width)));
  };
  box.addEventListener("pointerdown", (event) => {
    box.setPointerCapture(event.pointerId);
    follow(event);
  });
  box.addEventListener("pointermove", (event) => box.hasPointerCapture(event.pointerId) && follow(event));
  box.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const [row, column] = props.at();
    go([row + step[0], column + step[1]]);
  });
}
