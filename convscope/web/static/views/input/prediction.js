/** The scores of the classes as bars, the true one marked. */

import { el } from "../../draw/dom.js";
import { fixed } from "../../draw/numbers.js";

/** @typedef {import("../../messages").Prediction} Prediction */

/**
 * Which classes to show: all in their order where they fit, else the most probable ones and the true one.
 * @param {number[]} probabilities @param {number | null} truth @param {number} most @param {number} [few] as many fit in their own order
 */
export function shownClasses(probabilities, truth, most, few = 10) {
  const order = probabilities.map((_, place) => place);
  if (probabilities.length <= Math.min(most + 1, few)) return order;
  const best = order.sort((one, other) => probabilities[other] - probabilities[one] || one - other).slice(0, most);
  if (truth !== null && !best.includes(truth)) best[most - 1] = truth;
  return best;
}

/** @param {Prediction} prediction @param {Pick<import("../../main.js").Context, "t">} context @param {number} most rows @param {Prediction | null} [before] to compare with */
export function prediction({ classes, probabilities, truth }, { t }, most, before = null) {
  const shown = shownClasses(probabilities, truth, most);
  const best = probabilities.indexOf(Math.max(...probabilities));
  const rows = shown.flatMap((place) => row({ name: classes[place], share: probabilities[place], best: place === best, truth: place === truth, was: before?.probabilities[place] }));
  const said = shown.map((place) => `${classes[place]}: ${fixed(probabilities[place])}`).join(", ");
  const left = probabilities.length - shown.length;
  return el("div", {},
    el("div.prediction", { role: "img", "aria-label": `${t("probability of each class")}: ${said}` }, rows),
    el("p.caption.prediction-notes", {},
      truth !== null && el("span.true-mark", {}, t("true class")),
      left > 0 && el("span", {}, t("further classes: {count}", { count: left }))));
}

/** @param {{name: string, share: number, best: boolean, truth: boolean, was?: number}} row */
function row({ name, share, best, truth, was }) {
  const winner = best ? ".winner" : "";
  return [
    el(`span.label.long-name${winner}${truth ? ".true-class" : ""}`, { title: name }, name),
    el(`span.track${winner}`, {},
      el("i", { style: { width: `${100 * share}%` } }),
      was !== undefined && el("em.was", { style: { left: `${100 * was}%` } })),
    el(`span.number${best ? ".winner" : ".faint"}`, {}, fixed(share)),
  ];
}
