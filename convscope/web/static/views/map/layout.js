/** From the graph to rectangles and paths: pure, so that it can be tested and timed without a browser. */

import { edges, local } from "./edges.js";
import { STEP, breakLines, cellsOf, flowOf, place, settle } from "./flow.js";
import { path, tracks, way } from "./route.js";
import { item, series } from "./series.js";
import { boxes, tree, unfolded } from "./tree.js";

/** @typedef {import("../../messages").Graph} Graph */
/** @typedef {import("./tree.js").Block} Block */
/** @typedef {import("./flow.js").Cell} Cell */
/** @typedef {import("./flow.js").Size} Size */
/** @typedef {import("./flow.js").Spaces} Spaces */
/** @typedef {{from: Cell, to: Cell, ops: [number, number][], d: string}} Drawn */
/** @typedef {{cells: Cell[], edges: Drawn[], width: number, height: number, lines: number}} Layout */
/** @typedef {{root: Block, open: Set<Block>, boxes: Map<number, Block>, edges: ReturnType<typeof edges>, before: (block: Block) => Set<Block>}} Plan */

export const ROOM = 26; // boxes that open by themselves
const MARGIN = 16;
const SIDE = 8; // kept free for edges that run beside the lines

/** Which boxes there are. @param {Graph} graph @param {string[]} asked @param {number | null} selected @param {Block} [root] @returns {Plan} */
export function plan(graph, asked, selected, root = tree(graph)) {
  const open = unfolded(root, asked, selected, ROOM);
  const shown = boxes(root, open);
  const list = edges(graph.operations, shown);
  return { root, open, boxes: shown, edges: list, before: local(list) };
}

/**
 * Where everything stands.
 * @param {Plan} planned @param {{sizeOf: (element: import("./series.js").Element) => Size, spaces: Spaces, width: number, end: "result" | "failure" | null, meet: (from: Cell, to: Cell) => number | null}} options
 * @returns {Layout}
 */
export function layout(planned, { sizeOf, spaces, width, end, meet }) {
  const inside = series(planned.root, planned.open, planned.before);
  const ends = end ? [item(end)] : [];
  const flow = flowOf({ items: [item("input"), ...inside.items, ...ends] }, sizeOf);
  breakLines(flow, width - 2 * MARGIN - SIDE, spaces);
  const cells = cellsOf(flow);
  const links = connect(planned, cells);
  const ways = links.map((link) => ({ ...link, way: way(link.from, link.to) }));
  for (const each of new Set(cells.map((cell) => cell.flow))) each.lines.forEach(tracks);
  settle(flow, spaces);
  const left = MARGIN + STEP * flow.aside;
  place(flow, left, 4, spaces, width - left - MARGIN);
  const drawn = ways.map(({ from, to, ops, way: found }) => ({ from, to, ops, d: path(found, meet(from, to)) }));
  return { cells, edges: drawn, width, height: flow.h + 8, lines: flow.lines.length };
}

/** The edges as pairs of cells, with the one to the result. @param {Plan} planned @param {Cell[]} cells */
function connect(planned, cells) {
  const by = new Map(cells.filter((cell) => cell.element.type === "box").map((cell) => [cell.element.block, cell]));
  const input = /** @type {Cell} */ (cells.find((cell) => cell.element.type === "input"));
  const links = planned.edges.map(({ from, to, ops }) => ({ from: from ? by.get(from) : input, to: by.get(to), ops }));
  const end = cells.find((cell) => cell.element.type === "result" || cell.element.type === "failure");
  const last = by.get(planned.boxes.get(planned.root.last.index) ?? null);
  if (end && last) links.push({ from: last, to: end, ops: [] });
  return /** @type {{from: Cell, to: Cell, ops: [number, number][]}[]} */ (links.filter(({ from, to }) => from && to));
}
