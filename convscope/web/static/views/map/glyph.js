/** A small drawing of what a folded block is built like: its branches, and a dot a step. */

import { svg } from "../../draw/dom.js";

/** @typedef {import("./tree.js").Block} Block */

const LANES = 4;
const DOTS = 4;

/** Steps a branch. A skip has none. @param {Block} block @returns {number[]} pure */
export function branches(block) {
  const ops = operations(block, []);
  const inside = new Map(ops.map((op, at) => [op.index, at]));
  const uses = ops.map(() => 0);
  for (const op of ops) for (const from of op.inputs) if (inside.has(from)) uses[/** @type {number} */ (inside.get(from))] += 1;
  const join = ops.findLast((op) => op.inputs.length > 1 && (op.drawn === "parts" || op.sign === "+"));
  if (!join) return [Math.min(DOTS, ops.length)];
  return join.inputs.slice(0, LANES).map((from) => {
    let steps = 0;
    for (let at = inside.get(from); at !== undefined && ops[at].inputs.length < 2 && (uses[at] < 2 || steps === 0) && steps < DOTS; at = inside.get(ops[at].inputs[0])) steps += 1;
    return steps;
  });
}

/** @param {Block} block @param {import("../../messages").Operation[]} found @returns {import("../../messages").Operation[]} the first few hundred */
function operations(block, found) {
  if (block.op) found.push(block.op);
  for (const child of block.children) if (found.length < 300) operations(child, found);
  return found;
}

/** @param {Block} block */
export function glyph(block) {
  const lanes = branches(block);
  const middle = (lanes.length - 1) / 2;
  const drawn = lanes.flatMap((steps, at) => {
    const y = 24 + (at - middle) * 12;
    const path = lanes.length > 1 ? `M0 24C8 24 4 ${y} 12 ${y}H36C44 ${y} 40 24 48 24` : "M0 24H48";
    const dots = Array.from({ length: steps }, (_, place) => svg("circle", { cx: 24 + (place - (steps - 1) / 2) * 9, cy: y, r: 2.5 }));
    return [svg("path", { d: path }), ...dots];
  });
  return svg("svg", { viewBox: "0 0 48 48", class: "glyph", "aria-hidden": "true" }, drawn);
}
