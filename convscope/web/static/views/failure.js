/** Why the model stopped: one sentence, where, the cause and what to change. */

import { el } from "../draw/dom.js";

/** @param {import("../messages").Failure} failure @param {import("../main.js").Context} context @returns {Node[]} */
export function failure({ what }, { t }) {
  void t;
  return [el("div.verdict", { role: "alert" }, el("span.mark", { "aria-hidden": "true" }, "!"), el("h2", {}, what))];
}
