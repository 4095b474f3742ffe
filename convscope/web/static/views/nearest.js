/** The training samples that are most like the input: what the network has learnt that it may go by. */

import { button, el, section } from "../draw/dom.js";
import { count, plain } from "../draw/numbers.js";
import { picture } from "../draw/plane.js";
import { came } from "./kept.js";
import { amount } from "./results/tiles.js";

/** @typedef {import("../main.js").Context} Context */
/** @typedef {import("../messages").Nearest} Nearest */

/** All training samples go through the network for it, so it comes when it is asked for. @param {Nearest | Error | undefined} message @param {Context} context */
export function nearest(message, context) {
  const { t, state: { page, near }, session, go } = context;
  if (page !== "network" || !session.hasRun || session.saved) return null;
  const turn = () => go({ near: near ? "" : "shown" }, "replace");
  const head = el("h3", {}, t("Nearest training samples"));
  if (!near) return section(head, button(t("Show them"), { "data-focus": "nearest", onclick: turn }));
  const found = came(message);
  const words = message instanceof Error ? message.message : t("Looking through the training samples …");
  return section(head, el("div", { "aria-live": "polite" }, found ? shown(found, context) : el("p.soft", {}, words)),
    button(t("Hide them"), { "data-focus": "nearest", onclick: turn }));
}

/** @param {Nearest} message @param {Context} context */
function shown({ neighbours, layer, compared, total }, { t, session }) {
  const wide = neighbours.some(({ look }) => look.kind === "signal" || look.kind === "sequence");
  const some = compared < total ? t("Among {samples} of {total} training samples, drawn by chance.", { samples: count(compared), total: count(total) }) : "";
  return [
    el(`div.tiles${wide ? ".wide" : ""}`, {}, neighbours.map(({ look, label, name, distance }) =>
      el("div.tile", { title: name },
        el("span.ground", {}, picture(look, { label: name })),
        el("span.said", {}, el("b", {}, session.classes.length ? label : amount(label)), el("i", {}, plain(distance)))))),
    el("p.caption", {}, t("The number is its distance, between {layer}.", { layer }), some ? ` ${some}` : null),
  ];
}
