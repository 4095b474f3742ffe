/** The classic filters as small pictures of their kernels. */

import { el } from "../../draw/dom.js";
import { plane } from "../../draw/plane.js";
import { sizeOf } from "./convolve.js";

/** @typedef {{name: string, kernel: number[][], what: string}} Named */

/** @param {Named[]} named @param {string} chosen @param {import("../../main.js").Context} context @param {(named: Named) => void} use */
export function gallery(named, chosen, { t }, use) {
  return el("div.filter-gallery", { role: "group", "aria-label": t("Classic filters") }, named.map((each) => {
    const [rows, columns] = sizeOf(each.kernel);
    return el(`button.filter${rows === 1 ? ".flat" : ""}`, { type: "button", title: t(each.what), "aria-pressed": String(each.name === chosen), "data-focus": `filter-${each.name}`, onclick: () => use(each) },
      plane(each.kernel.flat(), rows, columns, "signed"), el("span", {}, each.name));
  }));
}
