/** Right of the results: the runs side by side, and another run on the same input. */

import { el, section } from "../draw/dom.js";
import { count, percent, plain, time } from "../draw/numbers.js";
import { t } from "../texts.js";

/** @typedef {import("../main.js").Context} Context */
/** @typedef {import("../messages").Runs} Runs */
/** @typedef {import("../messages").Versus} Versus */

const GUESSES = 3; // classes of a prediction that are shown

/** @returns {Record<string, string>} */
export const needs = () => ({ runs: "runs" });

/** @param {{runs: Runs}} messages @param {Context} context @returns {(Node | string)[]} */
export const draw = ({ runs }, context) => [side(runs, context), versus(runs, context)];

/** @param {Runs} runs @param {Context} context */
function side({ columns, rows }, { state, session, go }) {
  const head = el("tr", {}, columns.map((name, place) => el(place ? "th.number" : "th", { scope: "col" }, t(name))));
  const lines = rows.map(({ path, cells, current }) => {
    const pressed = path === state.versus;
    const [name, ...rest] = cells;
    const title = current ? t("the run on the screen") : pressed ? t("beside this run; press to take it away") : t("press to see it on the same input");
    const first = current || session.saved ? el("b", {}, name) : el("button", { type: "button", title, "aria-pressed": String(pressed), "data-focus": `run ${path}`, onclick: () => go({ versus: pressed ? "" : path }) }, name);
    return el("tr", { "aria-current": current ? "true" : null, "data-beside": pressed ? "" : null }, el("th", { scope: "row", title }, first), rest.map((cell) => el("td.number", {}, cell)));
  });
  return section(el("h2", {}, t("Runs")), el("p.soft", {}, t("In the folder of this run, best first. Press one to see what it says of the same input.")),
    el("div.scroll", {}, el("table.runs", {}, el("thead", {}, head), el("tbody", {}, lines))));
}

/** @param {Runs} runs @param {Context} context */
function versus({ rows }, context) {
  const { state, ask } = context;
  if (!rows.some(({ path }) => path === state.versus)) return "";
  const box = el("div.versus", { "aria-live": "polite" }, el("p.soft", {}, t("The other run looks at this input …")));
  ask(`versus?${new URLSearchParams({ run: state.versus })}`).then(
    (/** @type {Versus} */ message) => box.replaceChildren(...message.runs.map(opinion), cost(message)),
    (error) => box.replaceChildren(el("p.soft", {}, error.message === "not-saved" ? t("This is not in the saved page.") : error.message)),
  );
  return section(el("h3", {}, t("The same input, two runs")), box);
}

/** What one run says of the input. @param {Versus["runs"][number]} run */
function opinion({ title, prediction }) {
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

/** @param {Versus} versus */
function cost({ runs }) {
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
