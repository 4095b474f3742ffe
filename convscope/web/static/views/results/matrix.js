/** The confusion matrix: rows are what it is, columns what the network said; every cell leads to its samples. */

import { el } from "../../draw/dom.js";
import { count, percent } from "../../draw/numbers.js";
import { plane } from "../../draw/plane.js";
import { beside, cells } from "./confusion.js";

/** @typedef {import("./confusion.js").Confusion} Confusion */
/** @typedef {(cell: number[]) => void} Choose */
/** @typedef {import("../../main.js").Context["t"]} T */

const WRITTEN = 30; // classes up to which a cell has its number in it
export const DRAWN = 1000; // classes up to which a matrix is drawn at all

/** @param {Confusion} confusion @param {number[] | null} chosen @param {Choose} choose @param {import("../../main.js").Context} context */
export function matrix(confusion, chosen, choose, { t }) {
  const worst = Math.max(...cells(confusion).filter(({ truth, said }) => truth !== said).map(({ share }) => share), 0);
  const dense = confusion.classes.length > WRITTEN;
  const drawn = dense ? picture(confusion, worst, choose, t) : table(confusion, worst, chosen, choose, t);
  return el("figure.confusion", {}, el("div.scroll", {}, drawn), scale(worst, dense, t));
}

/** @param {number} worst @param {boolean} dense @param {T} t */
function scale(worst, dense, t) {
  const right = el("i.scale.right");
  const wrong = el("i.scale.wrong");
  return el("figcaption.caption", {},
    el("span", {}, t("right"), right, "0–100\u202f%"),
    worst > 0 && el("span", {}, t("wrong"), wrong, t("0–{most} of the true class", { most: percent(worst) })),
    dense && el("span", {}, t("Rest the pointer on a cell to read it.")));
}

/** @param {Confusion} confusion @param {number} worst @param {number[] | null} chosen @param {Choose} choose @param {T} t */
function table(confusion, worst, chosen, choose, t) {
  const { classes } = confusion;
  const found = cells(confusion);
  const entry = chosen && found.some(({ truth, said }) => same([truth, said], chosen)) ? chosen : [found[0]?.truth, found[0]?.said];
  /** @type {(cell: number[], name: string, title: string) => HTMLElement} */
  const header = (cell, name, title) =>
    el("th", { scope: cell[0] < 0 ? "col" : "row" }, el("button", { type: "button", title, "data-focus": `cell ${cell}`, "aria-pressed": String(same(cell, chosen)), onclick: () => choose(cell) }, el("span", {}, name)));
  const head = classes.map((name, said) => header([-1, said], name, t("every sample of which it said {name}", { name })));
  const rows = classes.map((name, truth) =>
    el("tr", {},
      header([truth, -1], name, t("every sample that is {name}", { name })),
      classes.map((_, said) => {
        const cell = found.find((each) => each.truth === truth && each.said === said);
        return cell ? el(`td${truth === said ? ".right" : ""}`, { style: { "--s": truth === said ? cell.share : cell.share / worst } }, inner(confusion, cell, { chosen, entry, choose, t })) : el("td");
      })));
  const long = Math.max(...classes.map((name) => name.length)) > 2;
  const drawn = el(`table.matrix${long ? ".long" : ""}`, { "aria-label": t("Confusion matrix"), style: { "--classes": classes.length } },
    el("thead", {}, el("tr", {}, el("td"), head)), el("tbody", {}, rows));
  drawn.addEventListener("keydown", (event) => walk(event, confusion));
  return drawn;
}

/**
 * @param {Confusion} confusion @param {import("./confusion.js").Cell} cell
 * @param {{chosen: number[] | null, entry: (number | undefined)[], choose: Choose, t: T}} more entry: the one that Tab reaches
 */
function inner(confusion, cell, { chosen, entry, choose, t }) {
  const place = [cell.truth, cell.said];
  return el("button", {
    type: "button", title: words(confusion, cell, t), "aria-label": words(confusion, cell, t), "aria-pressed": String(same(place, chosen)),
    tabindex: same(place, entry) ? 0 : -1, "data-focus": `cell ${place}`, "data-cell": String(place), onclick: () => choose(place),
  }, count(cell.times));
}

/** @param {Confusion} confusion @param {import("./confusion.js").Cell} cell @param {T} t */
export function words({ classes }, { truth, said, times, share }, t) {
  const values = { truth: classes[truth], said: classes[said], times: count(times), share: percent(share) };
  if (truth === said) return t("{truth}, seen as such: {times} times, {share} of the class", values);
  return t("{truth}, taken for {said}: {times} times, {share} of the class", values);
}

/** @param {(number | undefined)[]} one @param {(number | undefined)[] | null} other */
const same = (one, other) => other !== null && one[0] === other[0] && one[1] === other[1];

/** Arrow keys go from cell to cell. @param {KeyboardEvent} event @param {Confusion} confusion */
function walk(event, confusion) {
  const from = event.target instanceof HTMLElement ? event.target.dataset.cell : undefined;
  const next = from && beside(confusion, from.split(",").map(Number), event.key);
  if (!next) return;
  event.preventDefault();
  const table = /** @type {HTMLElement} */ (event.currentTarget);
  /** @type {HTMLElement | null} */ (table.querySelector(`[data-cell="${next}"]`))?.focus();
}

/** Of many classes: one pixel a cell, blue for right and orange for wrong. @param {Confusion} confusion @param {number} worst @param {Choose} choose @param {T} t */
function picture(confusion, worst, choose, t) {
  const size = confusion.classes.length;
  const values = new Float32Array(size * size);
  const found = new Map(cells(confusion).map((cell) => [cell.truth * size + cell.said, cell]));
  for (const [place, { truth, said, share }] of found) values[place] = truth === said ? -share : share / worst;
  const canvas = plane(values, size, size, "signed", 1, t("Confusion matrix"));
  canvas.classList.add("dense-matrix");
  const at = (/** @type {MouseEvent} */ event) => {
    const place = (/** @type {number} */ offset, /** @type {number} */ length) => Math.max(0, Math.min(size - 1, Math.floor((offset / length) * size)));
    return found.get(place(event.offsetY, canvas.clientHeight) * size + place(event.offsetX, canvas.clientWidth));
  };
  canvas.addEventListener("pointermove", (event) => {
    const cell = at(event);
    canvas.title = cell ? words(confusion, cell, t) : "";
  });
  canvas.addEventListener("click", (event) => {
    const cell = at(event);
    if (cell) choose([cell.truth, cell.said]);
  });
  return canvas;
}
