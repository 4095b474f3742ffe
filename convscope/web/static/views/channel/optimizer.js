/** One step of an optimizer for one number, with all its numbers. */

import { el, segments } from "../../draw/dom.js";
import { formula } from "../../draw/formula.js";
import { plain } from "../../draw/numbers.js";

/** @typedef {import("../../main.js").Context} Context */
/** @typedef {import("../../messages").OptimizerStep} OptimizerStep */

let rule = "";

/** @param {number} index @param {{name: string, at: number[], target: number}} choice @param {Context} context */
export function optimizer(index, { name, at, target }, context) {
  const box = el("section.panel.optimizer", { hidden: true });
  if (name === "input") return box; // an optimizer changes weights
  context.ask(`step/${index}?argument=${encodeURIComponent(name)}&at=${at.join(",")}&target=${target}`).then(({ steps }) => {
    box.hidden = false;
    show(box, steps, context);
  }, () => {});
  return box;
}

/** @param {HTMLElement} box @param {OptimizerStep[]} steps @param {Context} context */
function show(box, steps, context) {
  const { t } = context;
  const chosen = steps.find((each) => each.rule === rule) ?? steps[0];
  const choose = segments(steps.map((each) => ({ id: each.rule, text: each.rule })), chosen.rule, { label: t("Optimizer"), choose: (name) => {
    rule = name;
    show(box, steps, context);
  } });
  box.replaceChildren(
    el("div.title-row.apart", {}, el("h2", {}, t("One step of the optimizer")), choose),
    el("p", {}, chosen.what, " ", el("span.faint", {}, chosen.settings)),
    el("div.step-lines", {}, chosen.steps.map((step) => el("div.step-line", {}, el("span.step-name", {}, step.name), el("div.step-formulas", {}, formula(step.formula, { general: true }), formula(step.numbers)), el("span.number.strong", {}, plain(step.value, 6))))),
    el("p.small.soft", {}, t("The number goes from {before} to {after}.", { before: plain(chosen.before, 7), after: plain(chosen.after, 7) }), " ", chosen.notes.join(" ")));
}
