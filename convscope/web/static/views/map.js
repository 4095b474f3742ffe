/** The map: the whole network in lines that read like text. Press to select, press again to open. */

import { amount, el, svg } from "../draw/dom.js";
import { brief, count, time } from "../draw/numbers.js";
import { legend } from "../draw/plane.js";
import { failure } from "./failure.js";
import { came, kept } from "./kept.js";
import { box, operationsOf, portions, words } from "./map/boxes.js";
import { cards } from "./map/card.js";
import { leading } from "./map/edges.js";
import { layout, plan } from "./map/layout.js";
import { glide } from "./map/motion.js";
import { keyboard, rove } from "./map/walk.js";
import { SCALES, sizer, spacesOf } from "./map/sizes.js";
import { treeOf } from "./map/tree.js";

/** @typedef {import("../messages").Graph} Graph */
/** @typedef {import("../main.js").Context} Context */
/** @typedef {import("./map/layout.js").Layout} Layout */
/** @typedef {import("./map/layout.js").Plan} Plan */
/** @typedef {import("./map/flow.js").Cell} Cell */
/** @typedef {import("./map/boxes.js").Sheet} Sheet */

const SHORT = 14; // operations: so few stand above the reasons of a failure

/** @returns {Record<string, string>} */
export const needs = () => ({ graph: "graph" });

/** The map on the screen: who selects something else changes a few classes of it, not its boxes. @typedef {{elements: (Node | string)[], map: HTMLElement, sheet: Sheet}} Shown */

/** @param {import("../state.js").State} state @returns {Record<string, string>} */
export const wants = (state) => (state.op === null ? {} : { operation: `operation/${state.op}` });

/** Who selects, opens. @param {import("../state.js").State} state @returns {Partial<import("../state.js").State>[]} */
export const likely = (state) => (state.op === null ? [] : [{ level: "layer", leaf: 0 }]);

/** @param {{graph: Graph, operation?: import("../messages").OperationDetail | Error}} messages @param {Context} context @returns {(Node | string)[]} */
export function draw({ graph, operation }, context) {
  const { state, screen } = context;
  const planned = plan(graph, state.open, state.op, treeOf(graph));
  const keys = Array.from(planned.open, ({ key }) => key);
  const shown = kept(context, "map", [graph.trace, screen.width, screen.height, ...keys], () => build(graph, context, planned));
  shown.sheet.context = context;
  shown.sheet.receptive = came(operation)?.receptive ?? null;
  select(shown.map, shown.sheet);
  return shown.elements;
}

/** @param {Graph} graph @param {Context} context @param {Plan} planned */
function build(graph, context, planned) {
  const sheet = sheetOf(graph, context, planned);
  const map = el("div.map", { role: "group", "aria-label": context.t("Graph of the network") });
  context.resized(map, () => {
    if (!map.clientWidth || Math.abs(Number(map.dataset.width) - map.clientWidth) <= 1) return;
    fill(map, planned, sheet);
    select(map, sheet);
  });
  fill(map, planned, sheet);
  listen(map, planned, sheet);
  cards(map, new Map([...planned.open, ...planned.boxes.values()].map((block) => [block.key, block])), sheet);
  return { elements: around(map, graph, context), map, sheet };
}

/** The map with its head, or with why the model stopped. @param {HTMLElement} map @param {Graph} graph @param {Context} context */
function around(map, graph, context) {
  if (!graph.failure) return [head(graph, context), map];
  const [verdict, why] = failure(graph.failure, context);
  return graph.operations.length > SHORT ? [head(graph, context), verdict, why, map] : [verdict, map, why];
}

/** Mark what is selected, and all that leads to it. @param {HTMLElement} map @param {Sheet} sheet */
function select(map, { graph, context, ways, receptive }) {
  const { op } = context.state;
  const lit = op === null ? new Set() : leading(graph.operations, op);
  for (const box of map.querySelectorAll("[data-op]")) {
    const pressed = box.getAttribute("data-op") === String(op);
    box.setAttribute("aria-pressed", String(pressed));
    if (pressed) rove(map, box);
  }
  for (const { node, ops } of ways) {
    const on = ops.some(([from, to]) => lit.has(from) && lit.has(to));
    node.classList.toggle("lit", on);
    if (on && node instanceof SVGElement) node.parentNode?.append(node); // above the others
  }
  map.querySelectorAll(".field-box, .map-card").forEach((old) => old.remove());
  if (receptive) field(map, graph, receptive.box);
}

/** Name and totals. @param {Graph} graph @param {Context} context */
function head({ operations, totals }, { t, session }) {
  const facts = [
    t("{number} operations", { number: count(operations.length) }),
    t("{number} parameters", { number: brief(totals.parameters) }),
    t("{number} MACs", { number: brief(totals.macs) }),
    time(totals.seconds),
  ];
  return el("div.rows-of-controls.map-head", {},
    el("div.title-row", {}, el("h1", { title: session.title }, session.title.split("/").pop()), el("span.soft.small", {}, facts.join(" · "))),
    el("div.key", {}, [t("parameters"), t("MACs"), t("time")].map((word) => el("span", {}, el("i"), word)), legend("signed", t("negative"), t("positive"))));
}

/** @param {Graph} graph @param {Context} context @param {Plan} planned @returns {Sheet} */
function sheetOf(graph, context, planned) {
  const shown = new Set(planned.boxes.values());
  const largest = (/** @type {"parameters" | "macs" | "seconds"} */ key) => Math.max(...Array.from(shown, (block) => block[key]), Number.MIN_VALUE);
  return { graph, context, ways: [], receptive: null, most: { parameters: largest("parameters"), macs: largest("macs"), seconds: largest("seconds") } };
}

/** The scale with the fewest lines among those at which all fits, the largest of these; else a small one, and the page scrolls. @param {Plan} planned @param {Sheet} sheet @param {number} width @param {number} height */
function arrange(planned, sheet, width, height) {
  const { graph } = sheet;
  const by = operationsOf(graph);
  const meet = (/** @type {Cell} */ from, /** @type {Cell} */ to) => meeting(from, to, graph, by);
  const end = missing(graph) ? "failure" : graph.prediction ? "result" : null;
  const tried = (width < 700 ? SCALES.slice(2) : SCALES).map((scale) => {
    const options = /** @type {Parameters<typeof layout>[1]} */ ({ sizeOf: sizer(scale, graph), spaces: spacesOf(scale), width, end, meet });
    return { scale, options, made: layout(planned, options) };
  });
  const fitting = tried.filter(({ made }) => made.height <= height);
  const readable = fitting.filter(({ scale }) => scale.picture >= 48);
  const choice = readable.length ? readable : fitting;
  const fewest = Math.min(...choice.map(({ made }) => made.lines));
  const best = choice.find(({ made }) => made.lines === fewest);
  if (best) return { scale: best.scale, made: spread(planned, best.options, best.made, height) };
  const [large, small] = tried.slice(-2);
  return width >= 700 && large.made.lines <= small.made.lines ? large : small;
}

/** Whether what failed has no box of its own. @param {Graph} graph */
const missing = ({ failure: stopped, operations }) => stopped !== null && !operations.some(({ index }) => index === stopped.operation?.index);

/** Lines further apart where there is height to spare. @param {Plan} planned @param {Parameters<typeof layout>[1]} options @param {Layout} made @param {number} height */
function spread(planned, options, made, height) {
  if (made.lines < 2) return made;
  const more = Math.min(28, (height - made.height) / made.lines);
  return layout(planned, { ...options, spaces: { ...options.spaces, gutter: options.spaces.gutter + more } });
}

/** Where an edge meets a bar cut in parts. @param {Cell} from @param {Cell} to @param {Graph} graph @param {Map<number, import("../messages").Operation>} by */
function meeting(from, to, graph, by) {
  const op = to.element.block?.op;
  if (!op || !to.size.stretch) return null;
  const inside = from.element.block;
  let top = 0;
  for (const part of portions(op, graph)) {
    const index = by.get(part.from)?.index ?? -1;
    if (inside ? inside.first.index <= index && index <= inside.last.index : index < 0) return to.y + (top + part.share / 2) * to.h;
    top += part.share;
  }
  return null;
}

/** Lay out for the width there is, and draw. @param {HTMLElement} map @param {Plan} planned @param {Sheet} sheet */
function fill(map, planned, sheet) {
  const [width, height] = room(map, sheet.context);
  const { made, scale } = arrange(planned, sheet, width, height);
  sheet.ways = [];
  map.dataset.width = String(width);
  map.dataset.scale = String(scale.picture);
  map.style.setProperty("--picture", `${scale.picture}px`);
  map.style.setProperty("--bar", `${scale.bars}px`);
  map.style.height = `${Math.ceil(made.height)}px`;
  const frames = made.cells.filter(({ element }) => element.type === "frame");
  const others = made.cells.filter(({ element }) => element.type !== "frame" && element.type !== "lanes");
  map.replaceChildren(...frames.map((cell) => put(cell, sheet)), lines(made, sheet), ...others.map((cell) => put(cell, sheet)), list(planned, sheet));
  keyboard(map, made);
  glide(map, made, { mark: sheet.graph.trace, open: Array.from(planned.open, ({ key }) => key).join(" ") }, sheet.context);
}

/** Box the receptive field of what is selected on the input. @param {HTMLElement} map @param {Graph} graph @param {number[][]} box */
function field(map, graph, box) {
  const shown = map.querySelector(".shown");
  if (!shown) return;
  const { kind, numbers } = graph.input.look;
  const axes = kind === "image" || kind === "volume" ? 2 : 1;
  const spans = box.slice(-axes).map(([low, high], at) => {
    const all = numbers.shape[numbers.shape.length - axes + at];
    return [(100 * low) / all, (100 * (high - low)) / all];
  });
  const [rows, columns] = axes === 2 ? spans : [[0, 100], spans[0]];
  if (!rows || !columns) return;
  shown.append(el("div.field-box", { style: { top: `${rows[0]}%`, height: `${rows[1]}%`, left: `${columns[0]}%`, width: `${columns[1]}%` } }));
}

/** @param {Cell} cell @param {Sheet} sheet */
function put(cell, sheet) {
  const node = /** @type {HTMLElement} */ (box(cell, sheet));
  const { x, y, w, h, element } = cell;
  node.dataset.cell = element.block?.key ?? element.type;
  node.style.left = `${x.toFixed(1)}px`;
  node.style.top = `${y.toFixed(1)}px`;
  node.style.width = `${w.toFixed(1)}px`;
  if (element.type === "frame" || cell.size.stretch) node.style.height = `${h.toFixed(1)}px`;
  return node;
}

/** All edges as one SVG. @param {Layout} made @param {Sheet} sheet */
function lines(made, { graph, ways }) {
  const drawn = made.edges.map(({ from, to, ops, d }) => {
    const alarm = graph.failure && (to.element.type === "failure" || to.element.block?.op?.index === graph.failure.operation?.index);
    const node = svg("path", { d, class: `edge${alarm ? " alarm" : ""}`, "data-from": from.element.block?.key, "data-to": to.element.block?.key });
    ways.push({ node, ops });
    return node;
  });
  return svg("svg", { class: "edges", width: made.width, height: made.height, "aria-hidden": "true" }, drawn);
}

/** The same as text, for those who do not see it. @param {Plan} planned @param {Sheet} sheet */
function list(planned, { context }) {
  const { t } = context;
  const shown = Array.from(new Set(planned.boxes.values()));
  const from = new Map(shown.map((block) => [block, /** @type {string[]} */ ([])]));
  for (const edge of planned.edges) from.get(edge.to)?.push(edge.from ? edge.from.name : t("input"));
  return el("ol.unseen", { "aria-label": t("Operations in order") }, shown.map((block) => {
    const { name, what, size: sizes } = words(block, context);
    return el("li", {}, t("{name}, {what}, gives {size}, takes from {inputs}", { name, what, size: sizes, inputs: (from.get(block) ?? []).join(", ") }));
  }));
}

/** Width and height that the map may take. @param {HTMLElement} map @param {Context} context */
function room(map, { document, screen }) {
  const main = document.querySelector(".explorer > .main");
  const pads = screen.width <= 1360 ? 32 : 48;
  const guess = screen.width - (screen.width < 960 ? 0 : amount("--rail-width") + amount("--inspector-width")) - pads;
  const width = map.isConnected ? map.clientWidth : main ? main.clientWidth - pads : guess;
  const height = screen.height - amount("--bar-height") - 90;
  return [Math.max(320, width), Math.max(360, height)];
}

/** @param {HTMLElement} map @param {Plan} planned @param {Sheet} sheet */
function listen(map, planned, sheet) {
  map.addEventListener("focusin", ({ target }) => rove(map, target));
  map.addEventListener("click", (event) => {
    const { state, go } = sheet.context;
    const pressed = /** @type {HTMLElement | null} */ (event.target instanceof Element ? event.target.closest("[data-key]") : null);
    if (!pressed) {
      if (state.op !== null && event.target === map) go({ op: null });
      return;
    }
    const { key = "", op } = pressed.dataset;
    if (op === undefined) return go(toggle(state, key, pressed.getAttribute("aria-expanded") === "true", planned));
    const index = Number(op);
    go(state.op === index ? { level: "layer", leaf: 0 } : { op: index });
  });
}

/** @param {import("../state.js").State} state @param {string} key @param {boolean} isOpen @param {Plan} planned @returns {Partial<import("../state.js").State>} */
function toggle(state, key, isOpen, planned) {
  const open = state.open.filter((each) => each !== key && each !== `!${key}`);
  const block = Array.from(planned.open).find((each) => each.key === key);
  const holds = isOpen && block && state.op !== null && block.first.index <= state.op && state.op <= block.last.index;
  return { open: [...open, isOpen ? `!${key}` : key], ...(holds ? { op: null } : {}) };
}
