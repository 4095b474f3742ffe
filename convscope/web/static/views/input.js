/** The left column of every page: what goes in, what comes out, and the hands to change it. */

import { el } from "../draw/dom.js";
import { shape } from "../draw/numbers.js";
import { editor, isEditing } from "./input/edit.js";
import { gifts } from "./input/gifts.js";
import { attribution, laid, overlay } from "./input/overlay.js";
import { boxOf, large } from "./input/large.js";
import { named } from "./input/named.js";
import { prediction } from "./input/prediction.js";
import { samples } from "./input/samples.js";
import { address } from "./channel/place.js";
import { came, kept } from "./kept.js";

/** @typedef {import("../main.js").Context} Context */
/** @typedef {import("../messages").Graph} Graph */

const STEPS = 28; // operations in the list; of more, those around the selected one

/** @param {import("../state.js").State} state @param {import("../messages").Session} session @returns {Record<string, string>} */
export function needs(state, session) {
  /** @type {Record<string, string>} */
  const found = { graph: "graph" };
  const choosing = state.page === "filters" || (state.page === "network" && state.level === "map");
  if (choosing && session.hasData) found.samples = samplesAddress(state);
  if (state.page !== "network") return found;
  if (state.op !== null) found.operation = `operation/${state.op}`;
  return found;
}

/** @param {import("../state.js").State} state */
function samplesAddress({ which, label, samples: page }) {
  return `samples?which=${which}&class=${encodeURIComponent(label)}&page=${page}`;
}

/** @typedef {{graph: Graph, samples?: import("../messages").Samples, operation?: import("../messages").OperationDetail, number?: import("../messages").OneNumber | Error, attribution?: import("../messages").Attribution | Error}} Messages */

/** @param {import("../state.js").State} state @param {import("../messages").Session} session @param {Messages} messages @returns {Record<string, string>} */
export function wants(state, session, { graph }) {
  /** @type {Record<string, string>} */
  const found = state.overlay && graph.prediction ? { attribution: attribution(state, graph.prediction) } : {};
  if (state.page !== "network" || state.level !== "channel" || state.op === null || !state.at) return found;
  return { ...found, number: address({ index: state.op, channel: state.channel ?? 0 }, state.at) };
}

/** The column stays on the screen: a step to the next number moves a box in it, no more. @param {Messages} messages @param {Context} context @returns {Node[]} */
export function draw(messages, context) {
  const { state: { page, level, op, overlay: over, which, label } } = context;
  const edited = isEditing(context) ? {} : null; // anew each time
  const { view, caption, elements } = kept(context, "input", [messages.graph, messages.samples, messages.attribution, edited, page, level === "map" || op, over, which, label], () => build(messages, context));
  view.box(came(messages.number)?.box ?? messages.operation?.receptive?.box ?? null); // at the channel level that of the one number
  caption.replaceChildren(named(messages.graph.input, context.t), ...seenBy(messages.graph, messages.operation, context));
  return elements;
}

/** @param {Messages} messages @param {Context} context */
function build({ graph, samples: list, attribution: found }, context) {
  const { state, t } = context;
  const onMap = state.page !== "network" || state.level === "map";
  const view = large(graph, context);
  const caption = el("p.caption.wrap-anywhere");
  laid(view, came(found));
  const parts = [
    el(`section.input-now${onMap && !isEditing(context) ? ".compact" : ""}`, {},
      el("h2", {}, t("Input")),
      view.element,
      caption,
      gifts(graph, context),
      editor(view, graph, context)),
    graph.prediction && el("section.input-prediction", {},
      el("h3", {}, t("Prediction")),
      prediction(graph.prediction, context, onMap ? 5 : 10),
      overlay(graph, found, context)),
    list && el("section.input-samples", {}, samples(list, graph, context)),
    !onMap && el("section.input-steps.wide-only", {}, el("h3", {}, t("Operations")), steps(graph, context)),
  ];
  return { view, caption, elements: parts.filter((part) => part instanceof Node) };
}

/** What the box on the picture is. @param {Graph} graph @param {import("../messages").OperationDetail | undefined} operation @param {Context} context */
function seenBy({ input }, operation, { state, t }) {
  if (!operation?.receptive || !boxOf(operation.receptive.box, input.look)) return [];
  const one = state.level === "channel" && state.at;
  return [el("br"), one ? (state.way === "backward" ? t("The box is all that the chosen number of the output can see.") : t("The box is all that this number can see.")) : t("The box is what the middle of {name} sees.", { name: operation.name })];
}

/** The operations as a list: where am I, one press to another. @param {Graph} graph @param {Context} context */
function steps({ operations }, { state, t, go }) {
  const listed = operations.filter(({ reshapes, index }) => !reshapes || index === state.op);
  const here = Math.max(0, listed.findIndex(({ index }) => index === state.op));
  const first = Math.max(0, Math.min(here - STEPS / 2, listed.length - STEPS));
  const shown = listed.slice(first, first + STEPS);
  const items = shown.map(({ index, name, shape: sizes }) =>
    el("li", { "aria-current": index === state.op ? "step" : null },
      el("button.op-step", { type: "button", title: name, "data-focus": `step-${index}`, onclick: () => go({ op: index, level: "layer", channel: null, at: null, leaf: 0 }) },
        el("span.op-step-name", {}, name), el("span", {}, shape(sizes.slice(1))))));
  const rest = listed.length - shown.length;
  return el("div", {}, el("ol.steps", { "aria-label": t("Operations") }, items), rest > 0 && el("p.caption", {}, t("{count} further operations: on the map", { count: rest })));
}
