/** Right of the results: the runs side by side, and another run on the same input. */

import { el, section } from "../draw/dom.js";
import { count, percent, plain, time } from "../draw/numbers.js";
import { came } from "./kept.js";
import { amount } from "./results/tiles.js";

/** @typedef {import("../main.js").Context} Context */
/** @typedef {import("../messages").Runs} Runs */
/** @typedef {import("../messages").Versus} Versus */

const GUESSES = 3; // classes of a prediction that are shown
const PLAIN = new Set(["network", "data", "optimizer", "state"]); // columns that explain themselves without their name

/** @returns {Record<string, string>} */
export const needs = () => ({ runs: "runs" });

/** @typedef {{runs: Runs, versus?: Versus | Error}} Messages versus: another run on the same input */

/** @param {import("../state.js").State} state @returns {Record<string, string>} */
export const wants = (state) => (state.versus ? { versus: `versus?run=${encodeURIComponent(state.versus)}` } : {});

/** @param {Messages} messages @param {Context} context @returns {(Node | string)[]} */
export const draw = (messages, context) => [side(messages.runs, context), versus(messages, context)];

/** A run a row: its name, its figure on the test samples, and in small print the rest. @param {Runs} runs @param {Context} context */
function side({ columns, rows }, { state, session, go, t }) {
  const figure = columns.findIndex((name) => name.startsWith("test "));
  const lines = rows.map(({ path, cells, current }) => {
    const pressed = path === state.versus;
    const head = [el("b", {}, cells[0]), figure > 0 && el("span.number", {}, amount(cells[figure]))];
    const small = el("small", {}, cells.filter((cell, place) => place > 0 && place !== figure && cell !== "–" && PLAIN.has(columns[place])).join(" · "));
    if (current || session.saved) return el("li", {}, el("div.run", { "aria-current": current ? "true" : null, title: current ? t("the run on the screen") : "" }, head, small));
    const title = pressed ? t("beside this run; press to take it away") : t("press to see it on the same input");
    return el("li", {}, el("button.run", { type: "button", title, "aria-pressed": String(pressed), "data-focus": `run ${path}`, onclick: () => go({ versus: pressed ? "" : path }) }, head, small));
  });
  return section(el("h2", {}, t("Runs")), el("p.soft", {}, session.saved ? t("In the folder of this run, best first.") : t("In the folder of this run, best first. Press one to see what it says of the same input.")),
    el("p.run.head", { "aria-hidden": "true" }, el("span", {}), figure > 0 && el("span.number", {}, t(columns[figure]))),
    el("ol.run-list", {}, lines));
}

/** Where the settings of two runs differ. @param {Runs} runs @param {Runs["rows"][number]} other @param {Context["t"]} t */
function differences({ columns, rows }, other, t) {
  const own = rows.find(({ current }) => current);
  const found = columns.map((name, place) => ({ name, one: own?.cells[place] ?? "–", other: other.cells[place] })).filter(({ one, other: its }, place) => place > 0 && one !== its);
  if (!own || !found.length) return el("p.soft", {}, t("Trained alike."));
  return el("table.runs", {}, el("thead", {}, el("tr", {}, el("td"), [own, other].map(({ cells }) => el("th.number", { scope: "col", title: cells[0] }, cells[0])))),
    el("tbody", {}, found.map(({ name, one, other: its }) => el("tr", {}, el("th", { scope: "row" }, t(name)), el("td.number", {}, one), el("td.number", {}, its)))));
}

/** @param {Messages} messages @param {Context} context */
function versus({ runs, versus: message }, { state, t }) {
  const other = runs.rows.find(({ path }) => path === state.versus);
  if (!other) return "";
  const found = came(message);
  const words = message instanceof Error ? message.message : t("The other run looks at this input …");
  const box = el("div.versus", { "aria-live": "polite" }, found ? [found.runs.map((run) => opinion(run, t)), cost(found, t)] : el("p.soft", {}, words));
  return section(el("h3", {}, t("The same input, two runs")), box, el("h3.apart", {}, t("How they differ")), differences(runs, other, t));
}

/** What one run says of the input. @param {Versus["runs"][number]} run @param {Context["t"]} t */
function opinion({ title, prediction }, t) {
  return el("div.opinion", {}, el("h4", { title }, title), prediction ? guesses(prediction) : el("p.soft", {}, t("gives no classes")));
}

/** @param {import("../messages").Prediction} prediction */
function guesses({ classes, probabilities, truth }) {
  const order = probabilities.map((_, place) => place).sort((one, other) => probabilities[other] - probabilities[one]);
  const shown = order.slice(0, GUESSES);
  if (truth !== null && !shown.includes(truth)) shown.push(truth);
  return el("div.prediction", {}, shown.flatMap((place, rank) => [
    el(`span.label${rank === 0 ? ".winner" : ""}${place === truth ? ".true-class" : ""}`, {}, classes[place]),
    el(`span.track${rank === 0 ? ".winner" : ""}`, {}, el("i", { style: { width: `${100 * probabilities[place]}%` } })),
    el(`span.number${rank === 0 ? ".winner" : ""}`, {}, percent(probabilities[place])),
  ]));
}

/** @param {Versus} versus @param {Context["t"]} t */
function cost({ runs }, t) {
  /** @type {[string, (graph: Versus["runs"][number]["graph"]) => string][]} */
  const rows = [
    [t("operations"), ({ operations }) => count(operations)],
    [t("parameters"), ({ parameters }) => count(parameters)],
    [t("multiply-adds"), ({ macs }) => (macs < 1e7 ? count(macs) : plain(macs))],
    [t("time"), ({ seconds }) => time(seconds)],
  ];
  return el("table.runs", {}, el("thead", {}, el("tr", {}, el("td"), runs.map(({ title }) => el("th.number", { scope: "col", title }, title)))),
    el("tbody", {}, rows.map(([name, tell]) => el("tr", {}, el("th", { scope: "row" }, name), runs.map(({ graph }) => el("td.number", {}, tell(graph)))))));
}
