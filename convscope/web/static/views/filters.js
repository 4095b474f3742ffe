/** The filter playground: a kernel, the person's own picture or signal, and every number of what comes out. */

import { el } from "../draw/dom.js";
import { playground } from "./filters/playground.js";

/** @typedef {import("../main.js").Context} Context */
/** @typedef {import("../messages").Graph} Graph */

/** @param {import("../state.js").State} state @returns {Record<string, string>} */
export const needs = (state) => ({ graph: "graph", filters: "filters" });

/** @param {{graph: Graph, filters: import("../messages").Filters}} messages @param {Context} context @returns {(Node | string)[]} */
export function draw({ graph, filters }, context) {
  const { t } = context;
  const { look } = graph.input;
  const head = el("header.main-head", {}, el("h1", {}, t("Filters")),
    el("p.soft", {}, t("A kernel slides over the input; every number of the result is the sum of the products below it. People wrote these kernels by hand before networks learned theirs.")));
  if (look.kind === "vector") return [head, el("p", {}, t("This input has no neighbours to slide over: choose a picture or a signal."))];
  return [head, playground(look, filters.filters, context)];
}
