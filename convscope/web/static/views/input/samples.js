/** Samples of the data to send through: all, right, wrong or unsure, of a class, page by page. */

import { button, el, segments } from "../../draw/dom.js";
import { count, fixed } from "../../draw/numbers.js";
import { picture } from "../../draw/plane.js";

/** @typedef {import("../../main.js").Context} Context */
/** @typedef {import("../../messages").Samples} Samples */

/** @param {Samples} list @param {import("../../messages").Graph} graph @param {Context} context */
export function samples(list, graph, context) {
  const { state, session, t, go } = context;
  const names = { all: t("All"), right: t("Right"), wrong: t("Wrong"), unsure: t("Unsure") };
  const options = Object.entries(names).filter(([id]) => id in list.counts).map(([id, text]) => ({ id, text, count: count(list.counts[id]) }));
  return [
    el("div.samples-head", {}, el("h3", {}, t("Samples")), session.classes.length > 1 && classFilter(context)),
    options.length > 1 && segments(options, state.which, { label: t("Which samples"), wide: true, choose: (which) => go({ which, samples: 0 }) }),
    !list.ready && el("p.caption", { role: "status" }, t("The network is looking at all of them…")),
    grid(list, graph, context),
    pager(list, context),
  ];
}

/** @param {Context} context */
function classFilter({ state, session, t, go }) {
  const options = [["", t("all classes")], ...session.classes.map((name) => [name, name])];
  return el("label.field", {},
    el("select.select", { "aria-label": t("Class"), "data-focus": "class-filter", onchange: (/** @type {any} */ event) => go({ label: event.target.value, samples: 0 }) },
      options.map(([value, text]) => el("option", { value, selected: value === state.label }, text))));
}

/** @param {Samples} list @param {import("../../messages").Graph} graph @param {Context} context */
function grid({ samples: shown }, { input }, { t, act }) {
  if (!shown.length) return el("p.caption", {}, t("No sample is in this group."));
  const wide = shown[0].look.kind === "signal" || shown[0].look.kind === "sequence";
  const stop = shown.some(({ index }) => index === input.sample) ? input.sample : shown[0].index; // one stop of the Tab key; arrows walk on
  const items = shown.map((sample) => {
    const { index, look, label, predicted, probability } = sample;
    const words = predicted && probability !== null ? t("sample {index}: {label}, predicted {predicted} ({probability})", { index, label, predicted, probability: fixed(probability ?? 0) }) : t("sample {index}: {label}", { index, label });
    return el("button.sample", { type: "button", "aria-pressed": String(index === input.sample), title: words, "aria-label": words, tabindex: index === stop ? 0 : -1, "data-focus": `sample-${index}`, onclick: () => act("input", { sample: index }) },
      picture(look), el("span", {}, !predicted || label === predicted ? label : `${label}→${predicted}`));
  });
  return el(`div.sample-grid${wide ? ".wide-samples" : ""}`, { role: "group", "aria-label": t("Inputs"), onkeydown: arrows }, items);
}

/** Arrow keys walk the grid. @param {KeyboardEvent} event */
function arrows(event) {
  const box = /** @type {HTMLElement} */ (event.currentTarget);
  const items = /** @type {HTMLElement[]} */ (Array.from(box.children));
  const columns = items.filter((each) => each.offsetTop === items[0].offsetTop).length;
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
  if (!step) return;
  event.preventDefault();
  items[items.indexOf(/** @type {HTMLElement} */ (event.target)) + step]?.focus();
}

/** @param {Samples} list @param {Context} context */
function pager({ page, pages, total, samples: shown }, { t, go }) {
  if (pages < 2) return null;
  const size = page < pages - 1 ? shown.length : Math.ceil((total - shown.length) / Math.max(1, page));
  const first = page * size + 1;
  return el("div.pager", {},
    el("span.caption", {}, t("{first}–{last} of {total}", { first: count(first), last: count(first + shown.length - 1), total: count(total) })),
    button("", { kind: "square", "aria-label": t("Earlier samples"), "data-focus": "samples-back", disabled: page === 0, onclick: () => go({ samples: page - 1 }) }, "back"),
    button("", { kind: "square", "aria-label": t("Further samples"), "data-focus": "samples-next", disabled: page >= pages - 1, onclick: () => go({ samples: page + 1 }) }, "next"));
}
