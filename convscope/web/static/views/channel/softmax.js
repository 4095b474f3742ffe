/** Softmax: logits, exponentials, probabilities, and the fraction whose every term is a row of the table above it. */

import { limit as limitOf } from "../../draw/arrays.js";
import { button, el, put, svg } from "../../draw/dom.js";
import { formula, fraction as over, power as raised, row, written } from "../../draw/formula.js";

/** @typedef {import("../../draw/formula.js").Part} Part */
import { fixed, plain, power } from "../../draw/numbers.js";
import { came } from "../kept.js";
import { heading, tone } from "./bits.js";
import { fold, logitsOf, softmax } from "./kinds.js";
import { address } from "./place.js";

/** @typedef {import("../../main.js").Context} Context */
/** @typedef {import("../../messages").Graph} Graph */
/** @typedef {{logits: number[], classes: string[], truth: number | null, chosen: number, most: number, choose: (place: number) => void, context: Context}} Table */

const MOST = 12; // classes in sight
const MORE = 24;

/** @param {import("../../state.js").State} state @param {import("../channel.js").Messages} messages @returns {Record<string, string>} */
export const wants = (state, { channel }) => ({ number: address(channel, state.at ?? []) });

/** @param {import("../channel.js").Messages} messages @param {Context} context @returns {(Node | string)[]} */
export function draw({ number, channel, graph }, context) {
  const { t, state, go } = context;
  const logits = logitsOf(came(number)) ?? graph.prediction?.logits;
  const operation = graph.operations.find(({ index }) => index === state.op);
  if (!logits) return [heading(operation?.name ?? "softmax", "")];
  const ofPrediction = logits.length === graph.prediction?.logits.length;
  const here = channel.output.shape.length ? (state.at?.at(-1) ?? 0) : (state.channel ?? 0);
  const classes = ofPrediction ? /** @type {import("../../messages").Prediction} */ (graph.prediction).classes : logits.map((_, place) => String(place));
  const choose = (/** @type {number} */ place) => go(channel.output.shape.length ? { at: [...(state.at ?? []).slice(0, -1), place] } : { channel: place, at: [] }, "replace");
  const truth = ofPrediction ? (graph.prediction?.truth ?? null) : null;
  return [
    heading(operation?.name ?? "softmax", t("from {n} logits to {n} probabilities; the largest logit m is taken off first", { n: logits.length }), truth !== null && trueClass(t)),
    ...parts({ logits, classes, truth, chosen: Math.min(here, logits.length - 1), choose, context }),
  ];
}

/**
 * From the logits of the network to its prediction, below the operation that makes them.
 * @param {Graph} graph @param {Context} context @returns {(Node | string)[]}
 */
export function prediction(graph, context) {
  const { t, state, go } = context;
  if (!graph.prediction || graph.prediction.logits.length < 2) return [];
  const { logits, classes, truth } = graph.prediction;
  const last = graph.operations[graph.operations.length - 1];
  const after = last.index === state.op ? "" : last.name;
  return [el("section.kind-stack.kind-softmax", {},
    el("div.title-row.kind-title", {}, el("div.title-row", {}, el("h2", {}, t("From logits to probabilities")), el("span.soft.small", {}, after ? t("of the last operation, {name}; softmax makes them add up to 1", { name: after }) : t("the model ends in logits; softmax makes them add up to 1"))), truth !== null && trueClass(t)),
    ...parts({ logits, classes, truth, chosen: Math.min(state.channel ?? 0, logits.length - 1), choose: (place) => go({ channel: place, at: [] }, "replace"), context }))];
}

/** @param {Context["t"]} t */
const trueClass = (t) => el("span.caption.kind-truth", {}, t("true class"));

/** @param {Omit<Table, "most">} given @returns {(Node | string)[]} */
function parts(given) {
  const area = el("div.kind-linked");
  const { clock, resized } = given.context;
  let most = MOST;
  const show = () => {
    put(area, [table({ ...given, most }, () => ((most += MORE), show())), fraction({ ...given, most })]);
    clock.painted(() => threads(area, given.chosen));
  };
  show();
  area.addEventListener("pointerover", ({ target }) => light(area, target, given.chosen));
  area.addEventListener("pointerleave", () => light(area, null, given.chosen));
  area.addEventListener("focusin", ({ target }) => light(area, target, given.chosen));
  resized(area, () => threads(area, given.chosen));
  return [area, why(given)];
}

/** @param {number} value */
const tiny = (value) => (value >= 0.001 || value === 0 ? value.toFixed(3) : power(value));

/** @param {Table} table @param {() => void} open */
function table({ logits, classes, truth, chosen, most, choose, context: { t } }, open) {
  const { powers, sum, shares } = softmax(logits);
  const { kept, folded } = fold(shares, most, [chosen, truth]);
  const limit = limitOf(logits);
  const best = shares.indexOf(Math.max(...shares));
  const meter = (/** @type {number} */ share, /** @type {string} */ colour) => el("span.kind-meter", {}, el("i", { style: { left: 0, width: `${100 * share}%`, background: colour } }));
  const rows = kept.map((place) =>
    el("button.row", { type: "button", "data-class": place, "data-focus": `class ${place}`, "aria-pressed": String(place === chosen), "aria-label": t("{name}: logit {logit}, probability {share}", { name: classes[place], logit: fixed(logits[place]), share: shares[place].toFixed(4) }), onclick: () => choose(place) },
      el(`span.class${place === truth ? ".kind-truth" : ""}`, { title: classes[place] }, el("span", {}, classes[place])),
      el("span.kind-meter.centred", {}, el("i", { style: { [logits[place] < 0 ? "right" : "left"]: "50%", width: `${(50 * Math.abs(logits[place])) / limit}%`, background: tone(logits[place]) } })), el("span.number", {}, fixed(logits[place], 3)),
      el("span.arrow", {}, "→"), meter(powers[place], tone(1)), el("span.number.power", {}, tiny(powers[place])),
      el("span"), meter(shares[place], place === chosen ? "var(--accent)" : "var(--ink)"), el(`span.number${place === best ? ".strong" : ""}`, {}, share4(shares[place]))));
  const rest = folded.reduce((total, place) => total + powers[place], 0);
  const more = folded.length > 0 && el("button.row.rest", { type: "button", "data-class": "rest", "data-focus": "class rest", onclick: open }, el("span.class.wide", {}, t("{n} further classes", { n: folded.length })), el("span.number.power", {}, tiny(rest)), el("span"), meter(rest / sum, "var(--ink)"), el("span.number", {}, (rest / sum).toFixed(4)));
  const head = (/** @type {Part} */ part) => el("span.number", {}, formula(written(part)));
  return el("div.kind-soft", { role: "group", "aria-label": t("Softmax, class by class") },
    el("div.row.head", {}, el("span.class", {}, t("class")), el("span", {}, t("logit")), head("z"), el("span"), el("span", {}, t("exponential")), head(raised("e", row("z", "−", "m"))), el("span"), el("span", {}, t("probability")), head("p")),
    rows, more,
    el("div.row.sum", {}, el("span.class", {}, "Σ"), el("span"), el("span"), el("span"), el("span"), el("span.number.strong", {}, sum.toFixed(4)), el("span"), el("span"), el("span.number.strong", {}, "1.0000")));
}

/** @param {Table} table */
function fraction({ logits, classes, truth, chosen, choose, context: { t } }) {
  const { powers, shares } = softmax(logits);
  const { kept, folded } = fold(shares, logits.length > MOST ? MOST - 3 : MOST, [chosen, truth]);
  const short = (/** @type {number} */ value) => (value >= 0.001 || value === 0 ? value.toFixed(3) : power(Number(value.toPrecision(1))).replace(".0×", "×"));
  const term = (/** @type {number} */ place) => el(`button.term${place === chosen ? ".picked" : ""}`, { type: "button", "data-class": place, "data-term": place, "data-focus": `term ${place}`, title: classes[place], onclick: () => choose(place) }, short(powers[place]));
  const rest = folded.reduce((total, place) => total + powers[place], 0);
  const terms = [...kept.map(term), ...(folded.length ? [el("span.term", { "data-class": "rest", "data-term": "rest", title: t("{n} further classes", { n: folded.length }) }, short(rest))] : [])];
  return el("section.panel.kind-fraction", {},
    el("span.kind-p", {}, el("i", {}, "p"), el("sub", {}, classes[chosen])), el("span.equals", {}, "="),
    el("div.over", {}, el("span.term.picked", { "data-class": chosen }, tiny(powers[chosen])), el("div.terms", {}, terms.flatMap((each, place) => (place ? [el("span.plus", {}, "+"), each] : [each])))),
    el("span.equals", {}, "="), el(`span.figure${share4(shares[chosen]).length > 6 ? ".long" : ""}`, {}, share4(shares[chosen])));
}

/** A row, its term and the thread between them light up together. @param {HTMLElement} area @param {EventTarget | null} target @param {number} chosen */
function light(area, target, chosen) {
  const lit = target instanceof Element ? target.closest("[data-class]")?.getAttribute("data-class") : null;
  area.querySelectorAll(".term, .row").forEach((each) => each.classList.toggle("kind-lit", Boolean(lit) && each.getAttribute("data-class") === lit));
  area.querySelectorAll(".kind-threads path").forEach((each) => each.classList.toggle("lit", each.getAttribute("data-thread") === (lit ?? String(chosen))));
}

/** Thin curves from the exponentials of the table to their terms below the line. @param {HTMLElement} area @param {number} chosen */
function threads(area, chosen) {
  area.querySelector(".kind-threads")?.remove();
  const box = area.getBoundingClientRect();
  const last = area.querySelector(".row.sum")?.getBoundingClientRect();
  if (!last || !box.width) return;
  const turn = last.bottom - box.top + 2;
  const paths = [...area.querySelectorAll(".term[data-term]")].map((term, order) => {
    const name = term.getAttribute("data-term") ?? "";
    const from = area.querySelector(`.row[data-class="${name}"] .power`)?.getBoundingClientRect();
    const to = term.getBoundingClientRect();
    if (!from) return null;
    const [x0, y0] = [from.right - box.left + 5, from.top + from.height / 2 - box.top];
    const [x1, y1] = [to.left + to.width / 2 - box.left, to.top - box.top - 2];
    const lane = x0 + 9 + 1.6 * order;
    return svg("path", { "data-thread": name, class: name === String(chosen) ? "lit" : "", d: `M${x0} ${y0}Q${lane} ${y0} ${lane} ${y0 + 8}V${turn}C${lane} ${turn + 44} ${x1} ${turn + 10} ${x1} ${y1}` });
  });
  area.append(svg("svg", { class: "kind-threads", "aria-hidden": "true" }, paths));
}

/** Why it is right or wrong: the gap of two logits as a factor, and the loss. @param {Omit<Table, "most">} given */
function why({ logits, classes, truth, chosen, choose, context: { t } }) {
  const { shares } = softmax(logits);
  const order = shares.map((_, place) => place).sort((a, b) => logits[b] - logits[a]);
  const [best, second] = order;
  const rival = truth !== null && truth !== best ? truth : second;
  const gap = logits[best] - logits[rival];
  const words = { best: classes[best], rival: classes[rival], gap: gap.toFixed(4) };
  const title = truth === null ? t("How sure it is") : truth === best ? t("Why it is right") : t("Why it is wrong");
  const factor = Math.exp(gap);
  return el("section.kind-why", {},
    el("div", {}, el("h3", {}, title), el("p.small.soft", {}, t("The logit of {best} is ahead of the logit of {rival} by {gap}. That makes {best} more probable by the factor", words)),
      formula(written(raised("e", gap.toFixed(4)), "=", plain(factor, 5), "=", over(ratio(shares[best]), ratio(shares[rival]))))),
    truth !== null && el("div", {}, el("h3", {}, t("Loss of this input")), el("p.small.soft", {}, t("how surprising the true class {name} is", { name: classes[truth] })), formula(written("−", "ln", "(", "p", ")", "=", "−", "ln", "(", ratio(shares[truth]), ")", "=", (-Math.log(shares[truth]) || 0).toFixed(4)))),
    el("div.kind-why-actions", {}, rival !== chosen && button(t("Look at {name}", { name: classes[rival] }), { "data-focus": "rival", onclick: () => choose(rival) })));
}

/** A share in the table. @param {number} share */
const share4 = (share) => (share >= 0.00005 || share === 0 ? share.toFixed(4) : power(share));

/** A share in a formula. @param {number} share */
const ratio = (share) => (share >= 0.001 ? share.toFixed(4) : power(share));
