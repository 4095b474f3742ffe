/** One step of an optimizer for one weight: down the loss of this input, with all its numbers. */

import { el, segments } from "../../draw/dom.js";
import { formula } from "../../draw/formula.js";
import { plain } from "../../draw/numbers.js";

/** @typedef {import("../../main.js").Context} Context */
/** @typedef {import("../../messages").WeightStep} WeightStep */

const RULES = [{ id: "sgd", text: "SGD" }, { id: "momentum", text: "Momentum" }, { id: "adam", text: "Adam" }];

/** Where the message about it is. @param {number} index @param {import("./backward.js").Choice} choice @param {import("../../state.js").State} state */
export function stepAddress(index, { argument, at, target }, { rule, rate }) {
  return `step/${index}?weight=${encodeURIComponent(argument.name)}&at=${at.join(",")}&rule=${rule}&rate=${rate}&target=${target}`;
}

/** @param {WeightStep | Error} step @param {Context} context */
export function optimizer(step, context) {
  return el("section.panel.optimizer", {}, controls(context), step instanceof Error ? el("p.soft", {}, step.message) : drawn(step, context));
}

/** @param {Context} context */
function controls({ t, state, go }) {
  const choose = segments(RULES, state.rule, { label: t("Optimizer"), choose: (rule) => go({ rule }, "replace") });
  const field = /** @type {HTMLInputElement} */ (el("input.index-field", { value: state.rate, inputmode: "decimal", "data-focus": "rate", onchange: () => {
    go({ rate: String(Number(field.value) > 0 ? Math.min(10, Number(field.value)) : 0.01) }, "replace");
  } }));
  return el("div.title-row.apart", {}, el("h2", {}, t("One step of the optimizer")), el("div.rows-of-controls", {}, el("label.field", {}, t("Learning rate"), field), choose));
}

/** @param {WeightStep} step @param {Context} context */
function drawn(step, { t }) {
  return [
    el("p", {}, step.what),
    el("p.small.soft", {}, t("The loss of this input is −ln p = {loss}; its gradient here is {gradient}.", { loss: plain(step.loss, 5), gradient: plain(step.gradient, 5) })),
    el("div.step-lines", {}, step.steps.map((each) => el("div.step-line", {}, el("span.step-name", {}, each.name), el("div.step-formulas", {}, formula(each.formula, { general: true }), formula(each.numbers)), el("span.number.strong", {}, plain(each.value, 6))))),
    el("p.small", {}, t("The weight goes from {before} to {after}.", { before: plain(step.weight, 7), after: plain(step.result, 7) }), " ", el("span.soft", {}, step.holds ? t("torch's own step gives the same.") : t("torch's own step gives {own}.", { own: plain(step.network, 7) })), " ", el("span.soft", {}, step.notes.join(" "))),
  ];
}
