/** The right side while nothing is selected: the network in one glance. */

import { el, section } from "../draw/dom.js";
import { count, percent, size, time } from "../draw/numbers.js";
import { quoted } from "./failure.js";
import { nearest } from "./nearest.js";
import { costliest, heaviest, short, treeOf } from "./map/tree.js";

/** @typedef {import("../messages").Graph} Graph */
/** @typedef {import("../main.js").Context} Context */

const TOP = 5;
const SHOWN = 2; // suspicions; the others unfold

/** @returns {Record<string, string>} */
export const needs = () => ({ graph: "graph" });

/** @param {import("../state.js").State} state @param {import("../messages").Session} session @returns {Record<string, string>} */
export const wants = ({ page, near }, { hasRun, saved }) => (near && page === "network" && hasRun && !saved ? { nearest: "nearest" } : {});

/** @param {{graph: Graph, nearest?: import("../messages").Nearest | Error}} messages @param {Context} context @returns {(Node | string)[]} */
export function draw({ graph, nearest: near }, context) {
  const parts = [what(graph, context), nearest(near, context), costly(graph, context), doubts(graph, context), totals(graph, context)];
  return parts.filter((made) => made !== null);
}

/** What it is, and what to do first. @param {Graph} graph @param {Context} context */
function what(graph, { t, session, state: { page } }) {
  const { operations, prediction, input } = graph;
  const layers = operations.filter(({ parameters }) => parameters > 0).length;
  const inside = t("{layers} layers with weights, {operations} operations in all.", { layers: count(layers), operations: count(operations.length) });
  const first = input.label !== null && prediction ? verdict(prediction, t) : "";
  return section(
    el("h2.wrap-anywhere", { title: session.title }, session.title.split("/").pop()),
    el("p.soft", {}, inside, first && el("br"), first),
    page === "network" && el("p.hint", {}, t("Press a box to see its numbers; press it again to open its channels. Arrow keys walk along the network.")));
}

/** @param {import("../messages").Prediction} prediction @param {Context["t"]} t */
function verdict({ classes, probabilities, truth }, t) {
  const best = probabilities.indexOf(Math.max(...probabilities));
  const names = { guess: classes[best], share: percent(probabilities[best], 0), truth: truth === null ? "" : classes[truth] };
  if (truth === null) return t("It says {guess} ({share}).", names);
  return best === truth ? t("It says {guess} ({share}), which is right.", names) : t("It says {guess} ({share}); it is {truth}.", names);
}

/** What runs but looks wrong. @param {Graph} graph @param {Context} context */
function doubts({ suspicions, operations }, { t, go }) {
  if (!suspicions.length) return null;
  const made = suspicions.map(({ what: found, path: name, why, fix, rule }) => {
    const op = operations.find((each) => each.name === name);
    const place = op && el("button.link", { type: "button", onclick: () => go({ op: op.index }) }, t("Show {name}", { name }));
    return el("div.doubt", {}, el("p.strong.wrap-anywhere", {}, quoted(found)), el("p.small.soft", {}, quoted(why)), fix && el("p.small", {}, quoted(fix)), el("p.small.faint", {}, el("code", {}, `convscope rule ${rule}`)), place);
  });
  const more = made.length - SHOWN;
  return section(el("h3", {}, t("Worth a look"), el("span", {}, suspicions.length)), made.slice(0, SHOWN),
    more > 0 && el("details.doubts", {}, el("summary", {}, t("{number} more", { number: more })), made.slice(SHOWN)));
}

/** @param {Graph} graph @param {Context} context */
function costly(graph, { t, go }) {
  const key = graph.totals.macs ? "macs" : "parameters";
  const all = graph.totals[key];
  if (!all) return null;
  const top = costliest(treeOf(graph), key, TOP);
  const rows = top.map((block) => el("button.cost", { type: "button", "data-focus": `cost-${block.key}`, title: block.name, "aria-label": t("{name}: {share} of the {what}", { name: block.name, share: percent(block[key] / all), what: key === "macs" ? t("MACs") : t("parameters") }), onclick: () => go({ op: heaviest(block, key) }) },
    el("span.cost-name", {}, el("bdi", {}, short(block.name, 18), block.type === "run" && ` ×${block.children.length}`)),
    el("span.track", {}, el("i", { style: { width: `${(100 * block[key]) / top[0][key]}%` } })),
    el("span.number", {}, percent(block[key] / all))));
  const sum = top.reduce((total, block) => total + block[key], 0) / all;
  return section(
    el("h3", {}, key === "macs" ? t("Where the work lies") : t("Where the parameters lie"), el("span.faint", {}, key === "macs" ? t("share of MACs") : t("share of parameters"))),
    el("div.costs", {}, rows),
    top.length > 1 && sum < 0.995 && el("p.caption.below", {}, t("These {number} do {share} of it.", { number: top.length, share: percent(sum, 0) })));
}

/** @param {Graph} graph @param {Context} context */
function totals({ totals: all, operations }, { t }) {
  const rows = [
    [t("Operations"), count(operations.length)],
    [t("Parameters"), count(all.parameters)],
    [t("Multiply–adds"), count(all.macs)],
    [t("Time"), time(all.seconds)],
    [t("Memory of the values"), size(all.bytes)],
  ];
  return section(el("h3", {}, t("In all")), el("dl.facts", {}, rows.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
    el("p.caption.below", {}, t("Time is that of this one pass, in which every number was kept: a first pass, and small operations, look slower than they are.")));
}
