/** One step of an optimizer for one weight: down the loss of this input, with all its numbers. */

import { el, segments } from "../../draw/dom.js";
import { formula } from "../../draw/formula.js";
import { plain } from "../../draw/numbers.js";

/** @typedef {import("../../main.js").Context} Context */
/** @typedef {import("../../messages").WeightStep} WeightStep */

const RULES = [{ id: "sgd", text: "SGD" }, { id: "momentum", text: "Momentum" }, { id: "adam", text: "Adam" }];
let rule = "sgd";
let rate = "0.01";

/** @param {number} index @param {{name: string, at: number[], target: number}} choice @param {Context} context */
export function optimizer(index, choice, context) {
  const box = el("section.panel.optimizer", { hidden: true });
  ask(box, index, choice, context);
  return box;
}

/** @param {HTMLElement} box @param {number} index @param {{name: string, at: number[], target: number}} choice @param {Context} context */
function ask(box, index, choice, context) {
  const { name, at, target } = choice;
  const again = () => ask(box, index, choice, context);
  context.ask(`step/${index}?weight=${encodeURIComponent(name)}&at=${at.join(",")}&rule=${rule}&rate=${rate}&target=${target}`).then((step) => {
    box.hidden = false;
    const focused = box.contains(document.activeElement) ? document.activeElement?.getAttribute("data-focus") : null;
    box.replaceChildren(...drawn(step, context, again));
    if (focused) /** @type {HTMLElement | null} */ (box.querySelector(`[data-focus="${focused}"]`))?.focus();
  }, (error) => {
    if (!box.hidden) box.replaceChildren(controls(context, again), el("p.soft", {}, error.message));
  });
}

/** @param {Context} context @param {() => void} again */
function controls({ t }, again) {
  const choose = segments(RULES, rule, { label: t("Optimizer"), choose: (name) => {
    rule = name;
    again();
  } });
  const field = /** @type {HTMLInputElement} */ (el("input.index-field", { value: rate, inputmode: "decimal", "data-focus": "rate" }));
  field.addEventListener("change", () => {
    rate = String(Number(field.value) > 0 ? Math.min(10, Number(field.value)) : 0.01);
    again();
  });
  return el("div.title-row.apart", {}, el("h2", {}, t("One step of the optimizer")), el("div.rows-of-controls", {}, el("label.field", {}, t("Learning rate"), field), choose));
}

/** @param {WeightStep} step @param {Context} context @param {() => void} again */
function drawn(step, context, again) {
  const { t } = context;
  return [
    controls(context, again),
    el("p", {}, step.what),
    el("p.small.soft", {}, t("The loss of this input is −ln p = {loss}; its gradient here is {gradient}.", { loss: plain(step.loss, 5), gradient: plain(step.gradient, 5) })),
    el("div.step-lines", {}, step.steps.map((each) => el("div.step-line", {}, el("span.step-name", {}, each.name), el("div.step-formulas", {}, formula(each.formula, { general: true }), formula(each.numbers)), el("span.number.strong", {}, plain(each.value, 6))))),
    el("p.small", {}, t("The weight goes from {before} to {after}.", { before: plain(step.weight, 7), after: plain(step.result, 7) }), " ", el("span.soft", {}, step.holds ? t("torch's own step gives the same.") : t("torch's own step gives {own}.", { own: plain(step.network, 7) })), " ", el("span.soft", {}, step.notes.join(" "))),
  ];
}
