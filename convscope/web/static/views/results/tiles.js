/** Samples side by side with what was said of them; each leads into the network. */

import { button, el } from "../../draw/dom.js";
import { count, percent, plain } from "../../draw/numbers.js";
import { picture } from "../../draw/plane.js";
import { came } from "../kept.js";

/** @typedef {import("../../main.js").Context} Context */
/** @typedef {import("../../messages").Samples["samples"][number]} Sample */

/** @param {Sample[]} samples @param {Context} context */
export function tiles(samples, context) {
  const wide = samples.some(({ look }) => look.kind === "signal" || look.kind === "sequence");
  return el(`div.tiles${wide ? ".wide" : ""}`, {}, samples.map((sample) => tile(sample, context)));
}

/** A value as people write it; what is no number stays. @param {string} text */
export function amount(text) {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) return text;
  return Math.abs(value) >= 1e4 && Math.abs(value) < 1e12 ? `${value < 0 ? "−" : ""}${count(Math.abs(Math.round(value)))}` : plain(value);
}

/** @param {Sample} sample @param {Context} context */
function tile({ index, look, probability, ...sample }, context) {
  const [label, predicted] = [sample.label, sample.predicted].map((text) => (context.session.classes.length ? text : amount(text)));
  const right = label === predicted;
  const { t } = context;
  const told = right ? t("sample {index}: {label}, seen as such", { index, label }) : t("sample {index}: {label}, taken for {predicted}", { index, label, predicted });
  return el("button.tile", { type: "button", title: told, "aria-label": told, "data-focus": `tile ${index}`, onclick: () => enter(index, context) },
    el("span.ground", {}, picture(look, { label: "" })),
    el("span.said", {}, el("b", {}, predicted), probability !== null && el("i", {}, percent(probability))),
    !right && label !== "" && el("span.is", {}, t("is {label}", { label })));
}

/** Into the network with this sample. @param {number} sample @param {Context} context */
export async function enter(sample, { act, go }) {
  await act("input", { sample });
  go({ page: "network", level: "map", op: null, channel: null, at: null });
}

/** A page of samples that were chosen, with a way to the next one. @param {import("../../messages").Samples | Error | undefined} samples @param {Context} context */
export function gallery(samples, context) {
  const found = came(samples);
  const words = samples instanceof Error && el("p.soft", {}, samples.message);
  return el("div.gallery", { "aria-live": "polite" }, found ? [tiles(found.samples, context), found.pages > 1 && turning(found, context)] : words);
}

/** @param {import("../../messages").Samples} message @param {Context} context */
function turning({ page, pages, total }, { t, go }) {
  const show = (/** @type {number} */ to) => go({ tiles: to }, "replace");
  return el("p.turning", {},
    el("span.caption", {}, t("page {page} of {pages}, {total} samples", { page: page + 1, pages, total: count(total) })),
    button("", { kind: "square", "aria-label": t("previous page"), "data-focus": "tiles before", disabled: page === 0, onclick: () => show(page - 1) }, "back"),
    button("", { kind: "square", "aria-label": t("next page"), "data-focus": "tiles after", disabled: page >= pages - 1, onclick: () => show(page + 1) }, "next"));
}
