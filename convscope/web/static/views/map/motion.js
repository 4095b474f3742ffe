/** When blocks open and close, what was there before glides to its new place; what is new grows out of its block. */

import { amount } from "../../draw/dom.js";

/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {import("./flow.js").Cell} Cell */
/** @typedef {{mark: string, open: string}} Mark of which graph, and which blocks are open */
/** @typedef {Mark & {width: number, places: Map<string, [number, number]>}} Seen */

/** @param {Cell} cell */
const keyOf = (cell) => cell.element.block?.key ?? cell.element.type;

/** @param {HTMLElement} map @param {Layout} made @param {Mark} mark @param {import("../../main.js").Context} context */
export function glide(map, made, { mark, open }, { memory }) {
  const seen = memory("map before", () => ({ last: /** @type {Seen | null} */ (null) }));
  const { last } = seen;
  seen.last = { mark, open, width: made.width, places: new Map(made.cells.filter(drawn).map((cell) => [keyOf(cell), [cell.x, cell.y]])) };
  const duration = amount("--motion-level");
  if (!last || last.mark !== mark || last.open === open || last.width !== made.width || !duration) return;
  const timing = { duration, easing: "cubic-bezier(0.2, 0.7, 0.2, 1)" };
  for (const cell of made.cells.filter(drawn)) {
    const node = map.querySelector(`[data-cell="${CSS.escape(keyOf(cell))}"]`);
    const known = last.places.get(keyOf(cell));
    const from = known ?? origin(cell, last.places);
    if (!node || (known && known[0] === cell.x && known[1] === cell.y)) continue;
    const start = from ? `translate(${from[0] - cell.x}px, ${from[1] - cell.y}px)` : "none";
    node.animate([{ transform: start, opacity: known ? 1 : 0 }, { transform: "none", opacity: 1 }], timing);
  }
  map.querySelector(".edges")?.animate([{ opacity: 0 }, { opacity: 0, offset: 0.5 }, { opacity: 1 }], timing);
}

/** @param {Cell} cell */
const drawn = ({ element }) => element.type !== "lanes";

/** Where the block was that now stands open. @param {Cell} cell @param {Map<string, [number, number]>} places */
function origin(cell, places) {
  for (let block = cell.element.block?.parent; block; block = block.parent) {
    const found = places.get(block.key);
    if (found) return found;
  }
  return null;
}
