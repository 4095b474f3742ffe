/** The card beside a box while the pointer or the focus is on it: its exact numbers. */

import { amount, el } from "../../draw/dom.js";
import { count, percent, time } from "../../draw/numbers.js";
import { words } from "./boxes.js";

/** @typedef {import("./boxes.js").Sheet} Sheet */
/** @typedef {import("./tree.js").Block} Block */

const WIDTH = 232;

/** @param {HTMLElement} map @param {Map<string, Block>} blocks by key @param {Sheet} sheet */
export function cards(map, blocks, sheet) {
  /** @type {HTMLElement | null} */
  let card = null;
  let waiting = 0;
  const hide = () => {
    sheet.context.clock.stop(waiting);
    card?.remove();
    card = null;
    for (const edge of map.querySelectorAll(".edge.near")) edge.classList.remove("near");
  };
  const show = (/** @type {Event} */ event) => {
    const box = event.target instanceof Element ? /** @type {HTMLElement | null} */ (event.target.closest("button[data-key]")) : null;
    const block = box && blocks.get(box.dataset.key ?? "");
    hide();
    if (!box || !block || (event.type === "focusin" && !box.matches(":focus-visible"))) return;
    const open = () => {
      if (!box.isConnected || box.getAttribute("aria-pressed") === "true") return;
      if (block.op) sheet.context.near({ op: block.op.index }); // who rests here may press
      card = make(block, sheet);
      map.append(card);
      beside(card, box, map, sheet.context.screen.height);
    };
    if (event.type === "focusin") open();
    else waiting = sheet.context.clock.after(amount("--motion-step"), open); // at once where there is no motion
    const key = CSS.escape(block.key);
    for (const edge of map.querySelectorAll(`.edge[data-from="${key}"], .edge[data-to="${key}"]`)) edge.classList.add("near");
  };
  map.addEventListener("pointerover", show);
  map.addEventListener("pointerleave", hide);
  map.addEventListener("focusin", show);
  map.addEventListener("focusout", hide);
}

/** @param {Block} block @param {Sheet} sheet */
function make(block, { context, graph }) {
  const { t } = context;
  const { name, what, size } = words(block, context);
  const part = (/** @type {number} */ value, /** @type {number} */ all) => (all && value ? percent(value / all) : "");
  const { totals } = graph;
  /** @type {[string, string, string][]} */
  const rows = [
    [t("parameters"), count(block.parameters), part(block.parameters, totals.parameters)],
    [t("MACs"), count(block.macs), part(block.macs, totals.macs)],
    [t("time"), time(block.seconds), part(block.seconds, totals.seconds)],
  ];
  const todo = block.op ? t("press to select, again to open its channels") : t("press to open or close");
  return el("div.map-card", { "aria-hidden": "true" },
    el("b", {}, name), el("span", {}, [what, size].filter(Boolean).join(" · ")),
    el("div.map-card-rows", {}, rows.map(([label, value, share]) => [el("span", {}, label), el("span.number", {}, value), el("span.number", {}, share)])),
    el("small", {}, todo));
}

/** Below the box, or above where there is no room. @param {HTMLElement} card @param {HTMLElement} box @param {HTMLElement} map @param {number} height of the window */
function beside(card, box, map, height) {
  const left = Math.max(0, Math.min(box.offsetLeft + (box.offsetParent === map ? 0 : (box.parentElement?.offsetLeft ?? 0)), map.clientWidth - WIDTH));
  const top = box.offsetParent === map ? box.offsetTop : (box.parentElement?.offsetTop ?? 0) + box.offsetTop;
  const below = top + box.offsetHeight + 10;
  const seen = box.getBoundingClientRect().bottom + card.offsetHeight + 16 < height;
  card.style.left = `${left}px`;
  card.style.top = `${seen ? below : Math.max(0, top - card.offsetHeight - 10)}px`;
}
