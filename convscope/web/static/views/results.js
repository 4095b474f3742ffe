/** The run's results: how good it is, what it takes for what, and the samples behind every figure. */

import { button, el } from "../draw/dom.js";
import { count, percent } from "../draw/numbers.js";
import { came } from "./kept.js";
import { inside, mistaken, scores, total } from "./results/confusion.js";
import { DRAWN, matrix, words } from "./results/matrix.js";
import { points } from "./results/points.js";
import { amount, enter, gallery, tiles } from "./results/tiles.js";

/** @typedef {import("../main.js").Context} Context */
/** @typedef {import("../messages").Results} Results */
/** @typedef {import("./results/confusion.js").Confusion} Confusion */

const LISTED = 10; // kinds of mistakes in the list
const BESIDE = 12; // classes up to which the list has room beside the matrix

/** @returns {Record<string, string>} */
export const needs = () => ({ results: "results" });

/** @typedef {{results: Results, plane?: import("../messages").Plane | Error, check?: import("../messages").Findings | Error, samples?: import("../messages").Samples | Error}} Messages plane, check: they look at many or all of the data; samples: of the cell that is chosen */

/** @param {import("../state.js").State} state @param {import("../messages").Session} session @param {Messages} messages @returns {Record<string, string>} */
export function wants({ cell, tiles: page, plane }, session, { results: { confusion } }) {
  const always = { plane: `plane?method=${plane}`, check: "check" };
  if (!confusion || !cell) return always;
  const [truth, said] = namesOf(confusion, cell);
  return { ...always, samples: `samples?which=all&class=${encodeURIComponent(truth)}&page=${page}&predicted=${encodeURIComponent(said)}` };
}

/** What it is, and what was said; "" for any. @param {Confusion} confusion @param {number[]} cell */
const namesOf = ({ classes: names }, cell) => cell.map((place) => names[place] ?? "");

/** @param {Messages} messages @param {Context} context @returns {(Node | string)[]} */
export function draw({ results, plane, check, samples }, context) {
  const { confusion, mistakes } = results;
  return [
    heading(results, context),
    figures(results.headline, context),
    ...(confusion ? [confusions(confusion, samples, context), classes(confusion, context)] : []),
    surest(mistakes, confusion !== null, context),
    points(plane, context),
    findings(check, context),
  ];
}

/** @param {Results} results @param {Context} context */
function heading({ confusion }, { t }) {
  if (!confusion) return el("div.title-row", {}, el("h1", {}, t("Results")));
  const { samples, right } = total(confusion);
  return el("div.title-row", {}, el("h1", {}, t("Right for {right} of {samples} test samples", { right: count(right), samples: count(samples) })));
}

/** @param {Results["headline"]} headline the first one is what the page is about @param {Context} context */
function figures(headline, { t }) {
  return el("dl.figures", {}, headline.map(({ name, value }) => el("div", {}, el("dt", {}, t(name)), el("dd", {}, amount(value)))));
}

/** The matrix, and beside it what was pressed in it, or the same in words. @param {Confusion} confusion @param {Messages["samples"]} samples @param {Context} context */
function confusions(confusion, samples, context) {
  const { state: { cell }, t, go } = context;
  const choose = (/** @type {number[]} */ place) => go({ cell: String(place) === String(cell) ? null : place, tiles: 0 });
  return el("section.panel.results", {},
    el("header", {}, el("h2", {}, t("What it takes for what")), el("p.soft", {}, t("Rows: what it is. Columns: what the network said."))),
    el(`div.beside${confusion.classes.length > BESIDE ? ".below" : ""}`, {}, confusion.classes.length <= DRAWN && matrix(confusion, cell, choose, context), cell ? chosen(confusion, cell, samples, context) : pairs(confusion, choose, context)));
}

/** The most frequent mistakes; each row is a cell. @param {Confusion} confusion @param {(cell: number[]) => void} choose @param {Context} context */
function pairs(confusion, choose, { t }) {
  const found = mistaken(confusion);
  const rows = found.slice(0, LISTED).map((cell) =>
    el("li", {}, el("button.pair", { type: "button", "aria-label": words(confusion, cell, t), "data-focus": `pair ${cell.truth} ${cell.said}`, onclick: () => choose([cell.truth, cell.said]) },
      el("span.what", {}, el("b", {}, confusion.classes[cell.truth]), " → ", el("b", {}, confusion.classes[cell.said])),
      el("span.track", {}, el("i", { style: { width: `${(100 * cell.times) / found[0].times}%` } })),
      el("span.number", {}, t("{times} times", { times: count(cell.times) })),
      el("span.number.faint", {}, percent(cell.share)))));
  return el("div.pairs", {}, el("h3", {}, t("Most frequent mistakes")),
    found.length ? el("ol", {}, rows) : el("p.soft", {}, t("There are none.")),
    el("p.caption", {}, t("Press a cell, a class or a row of this list to see its samples.")));
}

/** The samples of the cell, row or column that was pressed. @param {Confusion} confusion @param {number[]} cell @param {Messages["samples"]} samples @param {Context} context */
function chosen(confusion, cell, samples, context) {
  const { t, go } = context;
  const [truth, said] = namesOf(confusion, cell);
  return el("div.chosen", {},
    el("header", {}, el("h3", {}, titled(truth, said, t)), button("", { kind: "square", "aria-label": t("Close"), title: t("Close"), onclick: () => go({ cell: null, tiles: 0 }) }, "cross"),
      el("p.caption", {}, t("{count} samples; press one to see it in the network.", { count: count(inside(confusion, cell)) }))),
    gallery(samples, context));
}

/** @param {string} truth @param {string} said "" for any @param {Context["t"]} t */
function titled(truth, said, t) {
  if (said === "") return t("Every {truth}", { truth });
  if (truth === "") return t("All that it took for {said}", { said });
  return truth === said ? t("{truth}, seen as such", { truth }) : t("{truth}, taken for {said}", { truth, said });
}

/** Precision and recall, class by class. @param {Confusion} confusion @param {Context} context */
function classes(confusion, { go, t }) {
  const found = scores(confusion);
  const lowest = Math.min(0.9, ...found.flatMap(({ precision, recall }) => [precision ?? 1, recall ?? 1]));
  const from = Math.floor(10 * lowest) / 10;
  const dot = (/** @type {string} */ name, /** @type {number | null} */ share) =>
    share !== null && el(`i.${name}`, { style: { left: `${(100 * (share - from)) / (1 - from)}%` } });
  const share = (/** @type {number | null} */ value) => el("td.number", {}, value === null ? "–" : percent(value));
  const rows = found.map(({ name, support, said, precision, recall }, place) =>
    el("tr", {}, el("th", { scope: "row" }, el("button", { type: "button", "data-focus": `class ${place}`, title: t("every sample that is {name}", { name }), onclick: () => go({ cell: [place, -1], tiles: 0 }) }, name)),
      el("td.number", {}, count(support)), el("td.number", {}, count(said)), share(precision), share(recall),
      el("td.strip", {}, el("div", {}, dot("precision", precision), dot("recall", recall)))));
  const head = [t("samples"), t("said"), t("precision"), t("recall")].map((text) => el("th.number", { scope: "col" }, text));
  const axis = el("th.axis", {}, el("div", {}, el("span", {}, percent(from, 0)), el("span", {}, el("i.precision"), ` ${t("precision")}\u2003`, el("i.recall"), ` ${t("recall")}`), el("span", {}, "100\u202f%")));
  return el("section.panel.results", {},
    el("header", {}, el("h2", {}, t("Class by class")), el("p.soft", {}, t("Precision: how often it is right when it says so. Recall: how many of a class it finds."))),
    el("div.scroll", {}, el("table.scores", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, t("class")), head, axis)), el("tbody", {}, rows))));
}

/** @param {Results["mistakes"]} mistakes @param {boolean} named classes, not values @param {Context} context */
function surest(mistakes, named, context) {
  const { t } = context;
  const title = named ? t("Mistakes it was surest of") : t("Predictions farthest from the truth");
  const more = named ? t("Some may be wrong labels rather than wrong answers: worth a look.") : "";
  return el("section.panel.results", {}, el("header", {}, el("h2", {}, title), el("p.soft", {}, more)),
    mistakes.length ? tiles(mistakes, context) : el("p.soft", {}, t("There are none.")));
}

/** What the data check found; it may take a moment, so it comes after the rest. @param {Messages["check"]} check @param {Context} context */
function findings(check, context) {
  const { t } = context;
  const found = came(check);
  const box = el("div.findings", { "aria-live": "polite" }, found ? listed(found, context) : el("p.soft", {}, check instanceof Error ? check.message : t("Looking through the data …")));
  return el("section.panel.results", {}, el("header", {}, el("h2", {}, t("The data")), el("p.soft", {}, t("What a person should know before believing the figures."))), box);
}

/** @param {import("../messages").Findings} message @param {Context} context */
function listed({ findings: found }, context) {
  const { t } = context;
  if (!found.length) return [el("p.soft", {}, t("Nothing suspicious was found."))];
  return [el("ul", {}, found.map(({ severity, what, todo, samples }) =>
    el("li", {}, el("span.severity", { "data-severity": severity }, t(severity)),
      el("div", {}, el("p", {}, what), todo && el("p.soft", {}, todo), samples.length > 0 && linked(samples, context)))))];
}

/** Samples that a finding names. @param {number[]} samples @param {Context} context */
const linked = (samples, context) =>
  el("p.linked", {}, samples.map((sample) => button(context.t("sample {index}", { index: sample }), { onclick: () => enter(sample, context) })));
