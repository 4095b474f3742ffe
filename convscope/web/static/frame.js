/** The frame around every page: where I am, language, light or dark, and the three columns. */

import { button, el, segments, svg } from "./draw/dom.js";
import { NAMES } from "./texts.js";

/** @typedef {import("./main.js").Context} Context */

/**
 * Put the parts on the screen; a part that is the same element stays as it is.
 * @param {Context} context @param {(Node | string)[][]} parts left, middle, right, and what stands below the header
 * @param {import("./messages").Graph} graph has the names of the operations
 */
export function frame(context, [left, middle, right, band], graph) {
  const { document } = context;
  if (!document.querySelector(".explorer > .bar")) skeleton(context);
  const parts = { ".bar": [brand(), pages(context), crumbs(context, graph), tools(context)], ".band": band, ".rail": left, ".main": middle, ".inspector": right };
  const focused = document.activeElement !== document.body;
  const placed = Object.entries(parts).map(([selector, children]) => place(selector, children, context));
  for (const settle of placed) settle?.(); // after all of them: the browser lays the page out once
  if (focused && document.activeElement === document.body) home(document);
}

/** What had the focus is gone: the keys go on at what is chosen on the new page. @param {Document} document */
function home(document) {
  const main = /** @type {HTMLElement} */ (document.querySelector(".explorer > .main"));
  const chosen = /** @type {HTMLElement | null} */ (main.querySelector(".map [aria-pressed='true'], .channel[aria-pressed='true'], [role='application']"));
  (chosen ?? main).focus({ preventScroll: true });
}

/** @param {Context} context */
function skeleton(context) {
  const { document, t } = context;
  document.body.className = "explorer";
  document.body.replaceChildren(
    ...document.querySelectorAll("script"),
    el("header.bar"),
    el("div.band"),
    el("aside.rail", { "aria-label": t("Input") }),
    el("main.main", { tabindex: -1 }),
    el("aside.inspector", { "aria-label": t("Selected") }),
  );
  for (const box of document.querySelectorAll(".explorer > *")) box.addEventListener("scroll", () => scrolled(context).set(box, box.scrollTop), { passive: true });
}

/** New children; gives what brings scroll and focus back to where they were. @param {string} selector @param {(Node | string)[]} children @param {Context} context */
function place(selector, children, context) {
  const { document } = context;
  const box = /** @type {HTMLElement} */ (document.querySelector(`.explorer > ${selector}`));
  const fresh = children.filter(Boolean);
  if (fresh.length === box.childNodes.length && fresh.every((child, at) => child === box.childNodes[at])) return null;
  const top = scrolled(context).get(box) ?? 0;
  const focused = box.contains(document.activeElement) ? document.activeElement?.getAttribute("data-focus") : null;
  box.replaceChildren(...fresh);
  return () => {
    if (top) box.scrollTop = top;
    if (focused) /** @type {HTMLElement | null} */ (box.querySelector(`[data-focus="${CSS.escape(focused)}"]`))?.focus();
  };
}

/** Where each column stands, as it told when it was scrolled: to ask would make the browser lay it out. @param {Context} context @returns {Map<Element, number>} */
const scrolled = ({ memory }) => memory("scrolled", () => new Map());

function brand() {
  const mark = svg("svg", { width: 18, height: 18, viewBox: "0 0 18 18", "aria-hidden": "true" },
    svg("rect", { x: 1, y: 1, width: 16, height: 16, rx: 2, fill: "none", stroke: "var(--line-strong)", "stroke-width": 1.5 }),
    svg("rect", { x: 6, y: 4, width: 8, height: 8, fill: "none", stroke: "var(--accent)", "stroke-width": 2 }));
  return el("div.brand", {}, mark, "convscope");
}

/** Network, results, filters. @param {Context} context */
function pages({ state, session, go, t }) {
  const options = [{ id: "network", text: t("Network") }];
  if (session.hasRun) options.push({ id: "results", text: t("Results") });
  if (!session.saved) options.push({ id: "filters", text: t("Filters") });
  return segments(options, state.page, { label: t("Pages"), choose: (page) => go({ page: /** @type {any} */ (page) }) });
}

/** One crumb a level; each leads back. @param {Context} context @param {import("./messages").Graph} graph */
function crumbs({ state, session, go, t }, { operations }) {
  /** @type {[string, string, Partial<import("./state.js").State>][]} */
  const trail = [[t("Network"), session.title, { page: "network", level: "map", op: null, channel: null, at: null }]];
  if (state.page === "network" && state.op !== null) {
    const name = operations.find(({ index }) => index === state.op)?.name || String(state.op);
    trail.push([state.level === "map" ? t("Operation") : t("Layer"), name, { level: state.level === "map" ? "map" : "layer", at: null, way: "forward" }]);
  }
  if (state.level === "channel" && state.channel !== null) trail.push([t("Channel"), String(state.channel), { at: null }]);
  if (state.level === "channel" && state.at?.length) trail.push([t("Number"), `(${state.at.join(", ")})`, {}]);
  const items = trail.map(([level, name, change], place) =>
    el(place < trail.length - 2 ? "li.far" : "li", {}, el("button.crumb", { type: "button", "aria-current": place === trail.length - 1 ? "page" : null, onclick: () => go(change) }, el("small", {}, level), el("b", {}, name))));
  return el("nav", { "aria-label": t("Levels"), style: { flex: "1", "min-width": "0" } }, el("ol.crumbs", {}, items));
}

/** @param {Context} context */
function tools(context) {
  const { session, save, t } = context;
  const root = context.document.documentElement;
  const keep = (/** @type {"lang" | "theme"} */ what, /** @type {string} */ value) => {
    if (what === "lang") root.lang = value;
    else root.dataset.theme = value;
    context.remember(what, value);
    context.redraw();
  };
  return el("div.tools", {},
    segments(NAMES, root.lang, { label: t("Language"), choose: (lang) => keep("lang", lang) }),
    button("", { kind: "square", "aria-label": t("Light or dark"), onclick: () => keep("theme", root.dataset.theme === "dark" ? "light" : "dark") }, "sun"),
    !session.saved && button(t("Save page"), { title: t("one HTML file that opens offline"), "data-focus": "save", onclick: save }, "save"));
}
