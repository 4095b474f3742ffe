/** The run's results: how good it is, what it takes for what, and the samples behind every figure. */

import { button, el } from "../draw/dom.js";
import { count, percent } from "../draw/numbers.js";
import { t } from "../texts.js";
import { inside, mistaken, scores, total } from "./results/confusion.js";
import { matrix } from "./results/matrix.js";
import { gallery, tiles } from "./results/tiles.js";

/** @typedef {import("../main.js").Context} Context */
/** @typedef {import("../messages").Results} Results */
/** @typedef {import("./results/confusion.js").Confusion} Confusion */

const LISTED = 8; // kinds of mistakes in the list

/** @returns {Record<string, string>} */
export const needs = () => ({ results: "results" });

/** @param {{results: Results}} messages @param {Context} context @returns {(Node | string)[]} */
export function draw({ results }, context) {
  const { confusion, mistakes } = results;
  return [
    heading(results),
    figures(results.headline),
    ...(confusion ? [confusions(confusion, context), ...chosen(confusion, context), classes(confusion, context)] : []),
    surest(mistakes, confusion !== null, context),
    findings(context),
  ];
}

/** @param {Results} results */
function heading({ confusion }) {
  if (!confusion) return el("div.title-row", {}, el("h1", {}, t("Results")));
  const { samples, right } = total(confusion);
  return el("div.title-row", {}, el("h1", {}, t("Right for {right} of {samples} test samples", { right: count(right), samples: count(samples) })));
}

/** @param {Results["headline"]} headline the first one is what the page is about */
function figures(headline) {
  return el("dl.figures", {}, headline.map(({ name, value }) => el("div", {}, el("dt", {}, t(name)), el("dd", {}, value))));
}

/** The matrix, and beside it the same in words: the most frequent mistakes. @param {Confusion} confusion @param {Context} context */
function confusions(confusion, context) {
  const choose = (/** @type {number[]} */ cell) => context.go({ cell: String(cell) === String(context.state.cell) ? null : cell });
  const found = mistaken(confusion);
  const most = found[0]?.times ?? 1;
  const rows = found.slice(0, LISTED).map((cell) => {
    const place = [cell.truth, cell.said];
    const [truth, said] = place.map((each) => confusion.classes[each]);
    return el("li", {}, el("button.pair", { type: "button", "aria-pressed": String(String(place) === String(context.state.cell)), "data-focus": `pair ${place}`, onclick: () => choose(place) },
      el("span.what", {}, el("b", {}, truth), " → ", el("b", {}, said)),
      el("span.track", {}, el("i", { style: { width: `${(100 * cell.times) / most}%` } })),
      el("span.number", {}, t("{times} times", { times: count(cell.times) })),
      el("span.number.faint", {}, percent(cell.share))));
  });
  const list = el("div.pairs", {}, el("h3", {}, t("Most frequent mistakes")), found.length ? el("ol", {}, rows) : el("p.soft", {}, t("There are none.")));
  return el("section.panel.results", {},
    el("header", {}, el("h2", {}, t("What it takes for what")), el("p.soft", {}, t("Rows: what it is. Columns: what the network said."))),
    el(`div.beside${confusion.classes.length > 12 ? ".below" : ""}`, {}, matrix(confusion, context.state.cell, choose), list));
}

/** The samples of the cell, row or column that was pressed. @param {Confusion} confusion @param {Context} context */
function chosen(confusion, context) {
  const { cell } = context.state;
  if (!cell) return [];
  const [truth, said] = cell.map((place) => confusion.classes[place] ?? "");
  const words = said === "" ? t("Every {truth}", { truth }) : truth === "" ? t("All that it took for {said}", { said }) : truth === said ? t("{truth}, seen as such", { truth }) : t("{truth}, taken for {said}", { truth, said });
  const address = (/** @type {number} */ page) => `samples?${new URLSearchParams({ which: "all", class: truth, page: String(page), predicted: said })}`;
  return [el("section.panel.results.chosen", { "aria-label": words },
    el("header", {}, el("h2", {}, words), el("p.soft", {}, t("{count} samples; press one to see it in the network.", { count: count(inside(confusion, cell)) })),
      button(t("Close"), { onclick: () => context.go({ cell: null }) }, "cross")),
    gallery(address, context))];
}

/** Precision and recall, class by class. @param {Confusion} confusion @param {Context} context */
function classes(confusion, { go }) {
  const found = scores(confusion);
  const lowest = Math.min(0.9, ...found.flatMap(({ precision, recall }) => [precision ?? 1, recall ?? 1]));
  const from = Math.floor(10 * lowest) / 10;
  const dot = (/** @type {string} */ name, /** @type {number | null} */ share) =>
    share !== null && el(`i.${name}`, { style: { left: `${(100 * (share - from)) / (1 - from)}%` } });
  const share = (/** @type {number | null} */ value) => el("td.number", {}, value === null ? "–" : percent(value));
  const rows = found.map(({ name, support, said, precision, recall }, place) =>
    el("tr", {}, el("th", { scope: "row" }, el("button", { type: "button", "data-focus": `class ${place}`, title: t("every sample that is {name}", { name }), onclick: () => go({ cell: [place, -1] }) }, name)),
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
  const title = named ? t("Mistakes it was surest of") : t("Predictions farthest from the truth");
  const more = named ? t("Some may be wrong labels rather than wrong answers: worth a look.") : "";
  return el("section.panel.results", {}, el("header", {}, el("h2", {}, title), el("p.soft", {}, more)),
    mistakes.length ? tiles(mistakes, context) : el("p.soft", {}, t("There are none.")));
}

/** What the data check found; it may take a moment, so it comes after the rest. @param {Context} context */
function findings(context) {
  const box = el("div.findings", { "aria-live": "polite" }, el("p.soft", {}, t("Looking through the data …")));
  context.ask("check").then(
    (/** @type {import("../messages").Findings} */ message) => box.replaceChildren(...listed(message, context)),
    (error) => box.replaceChildren(el("p.soft", {}, error.message === "not-saved" ? t("This is not in the saved page.") : error.message)),
  );
  return el("section.panel.results", {}, el("header", {}, el("h2", {}, t("The data")), el("p.soft", {}, t("What a person should know before believing the figures."))), box);
}

/** @param {import("../messages").Findings} message @param {Context} context */
function listed({ findings: found }, context) {
  if (!found.length) return [el("p.soft", {}, t("Nothing suspicious was found."))];
  return [el("ul", {}, found.map(({ severity, what, todo, samples }) =>
    el("li", {}, el("span.severity", { "data-severity": severity }, t(severity)),
      el("div", {}, el("p", {}, what), todo && el("p.soft", {}, todo), samples.length > 0 && linked(samples, context)))))];
}

/** Samples that a finding names. @param {number[]} samples @param {Context} context */
function linked(samples, { act, go }) {
  return el("p.linked", {}, samples.map((sample) =>
    el("button.button", { type: "button", onclick: () => act("input", { sample }).then(() => go({ page: "network", level: "map", op: null })) }, t("sample {index}", { index: sample }))));
}
