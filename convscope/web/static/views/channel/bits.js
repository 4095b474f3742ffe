/** Parts that the views of one number share: the heading, coloured cells, the ranked list, the player. */

import { colourOf, css, inkOn } from "../../draw/colour.js";
import { button, el } from "../../draw/dom.js";
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

/** A place in the padding: no data, counts as 0. @param {Record<string, any>} props @param {string} [text] */
export const noData = (props, text = "0") => el("span.kind-cell.no-data", props, text);

/**
 * @typedef {object} Row
 * @property {string} key @property {string} name @property {number} sum
 * @property {() => (Node | string)[]} pictures what stands between the name and the sum, one element a column
 * @property {boolean} [chosen]
 */

/**
 * The largest shares first, and the running sum from the bias down to the number.
 * @param {Row[]} rows @param {number | null} bias
 * @param {{t: Context["t"], heads: string[], most: number, label: string, further: (count: number) => string, choose?: (row: Row) => void, open?: () => void, kind?: string}} options
 */
export function ranking(rows, bias, { t, heads, most, label, further, choose, open, kind = "" }) {
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
    rest.count > 0 && line(further(rest.count), rest.sum, fall(rest.from, rest.to), open ? { onclick: open, type: "button", "data-focus": "rank further" } : {}),
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
 * What goes on playing while the page is drawn anew with every step.
 * @type {{key: string, timer: number, step: () => void, root: Element | null} | null}
 */
let playing = null;

/** @returns {number} milliseconds between two steps */
const interval = () => parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--play-interval")) || 700;

function stop() {
  if (playing) clearInterval(playing.timer);
  playing = null;
}

/**
 * Play, back, next and a slider over a row of positions. `show` answers at once, `settle` when the person has arrived.
 * @param {{key: string, size: number, at: number, t: Context["t"], label: string, words?: (at: number) => string, show: (at: number) => void, settle: (at: number) => void}} options
 */
export function player({ key, size, at, t, label, words, show, settle }) {
  let here = at;
  let waiting = 0;
  const slider = /** @type {HTMLInputElement} */ (el("input", { type: "range", min: 0, max: size - 1, value: at, "aria-label": label, "data-focus": `slider ${key}`,
    oninput: () => move(Number(slider.value), false), onchange: () => move(Number(slider.value)) }));
  const toggle = el("button.button.kind-play", { type: "button", "data-focus": `play ${key}`, onclick: () => press() });
  const box = el("div.kind-player", {}, toggle,
    button("", { kind: "square", "aria-label": t("Back"), "data-focus": `back ${key}`, onclick: () => move(here - 1) }, "back"),
    button("", { kind: "square", "aria-label": t("Next"), "data-focus": `next ${key}`, onclick: () => move(here + 1) }, "next"), slider);

  /** @param {number} to @param {boolean} [arrived] */
  function move(to, arrived = true) {
    here = Math.max(0, Math.min(size - 1, to));
    slider.value = String(here);
    slider.setAttribute("aria-valuetext", words ? words(here) : String(here));
    show(here);
    clearTimeout(waiting);
    if (arrived) waiting = window.setTimeout(() => box.isConnected && settle(here), playing ? 0 : 90);
  }
  function press() {
    if (playing?.key === key) stop();
    else {
      stop();
      playing = { key, step: forward, root: box, timer: window.setInterval(() => (playing?.root?.isConnected ? playing.step() : stop()), interval()) };
    }
    label_();
  }
  const forward = () => move((here + 1) % size);
  function label_() {
    const on = playing?.key === key;
    toggle.replaceChildren(...button(on ? t("Pause") : t("Play"), {}, on ? "pause" : "play").childNodes);
  }
  if (playing?.key === key) Object.assign(playing, { step: forward, root: box });
  else if (playing && !playing.root?.isConnected) stop();
  label_();
  return { box, move, by: (/** @type {number} */ steps) => move(here + steps), press };
}

/**
 * Arrow keys and Space on a stage.
 * @param {HTMLElement | SVGElement} stage @param {Record<string, number>} steps how far each key goes @param {(by: number) => void} go @param {() => void} press
 */
export function keys(stage, steps, go, press) {
  stage.addEventListener("keydown", (event) => {
    const { key } = /** @type {KeyboardEvent} */ (event);
    if (key in steps) go(steps[key]);
    else if (key === " ") press();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

/** Is the window low? Then fewer rows stand in sight. */
export const low = () => innerHeight <= 760 && innerWidth > 959;

/** The width that a drawing in the middle column has. @param {number} [besides] padding of its panel */
export function width(besides = 34) {
  const main = document.querySelector(".explorer > .main");
  const inside = main ? main.clientWidth - 2 * parseFloat(getComputedStyle(main).paddingLeft) : innerWidth - (innerWidth > 959 ? 600 : 32);
  return Math.max(320, inside - besides);
}

/** New children, with the focus where it was. @param {HTMLElement} box @param {(Node | string | null | false)[]} children */
export function put(box, children) {
  const focused = box.contains(document.activeElement) ? document.activeElement?.getAttribute("data-focus") : null;
  box.replaceChildren(.../** @type {(Node | string)[]} */ (children.filter(Boolean)));
  if (focused) /** @type {HTMLElement | null} */ (box.querySelector(`[data-focus="${CSS.escape(focused)}"]`))?.focus({ preventScroll: true });
}

/**
 * Press and drag; the pointer stays held while what lies under it is drawn anew.
 * @param {Element} box @param {(event: PointerEvent) => void} pick
 */
export function drag(box, pick) {
  box.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const over = new AbortController();
    addEventListener("pointermove", pick, { signal: over.signal });
    addEventListener("pointerup", (last) => (over.abort(), pick(last)), { signal: over.signal });
    addEventListener("pointercancel", () => over.abort(), { signal: over.signal });
    pick(/** @type {PointerEvent} */ (event));
  });
}
