/** Edges between boxes, from the edges between operations: each once, and per block those between its children. */

/** @typedef {import("./tree.js").Block} Block */
/** @typedef {import("../../messages").Operation} Operation */

/**
 * @param {Operation[]} operations @param {Map<number, Block>} boxes @returns {{from: Block | null, to: Block, ops: [number, number][]}[]} null: the input
 */
export function edges(operations, boxes) {
  /** @type {Map<string, {from: Block | null, to: Block, ops: [number, number][]}>} */
  const found = new Map();
  for (const op of operations) {
    const to = /** @type {Block} */ (boxes.get(op.index));
    for (const index of op.inputs) {
      const from = index < 0 ? null : boxes.get(index);
      if (from === undefined || from === to) continue;
      const key = `${from?.key} ${to.key}`;
      const known = found.get(key);
      if (known) known.ops.push([index, op.index]);
      else found.set(key, { from, to, ops: [[index, op.index]] });
    }
  }
  return Array.from(found.values());
}

/** Which children of the same open block a child takes from; where it takes from outside, the input stands for that. @param {{from: Block | null, to: Block}[]} list @returns {(block: Block) => Set<Block>} */
export function local(list) {
  /** @type {Map<Block, Set<Block>>} */
  const before = new Map();
  const none = /** @type {any} */ (null);
  const add = (/** @type {Block} */ to, /** @type {Block | null} */ from) => before.set(to, (before.get(to) ?? new Set()).add(from ?? none));
  for (const { from, to } of list) {
    const above = new Map(line(to).map((block) => [block.parent, block]));
    const start = (from ? line(from) : []).find((block) => above.has(block.parent));
    const end = start && above.get(start.parent);
    if (end) add(end, start);
    for (const block of line(to)) {
      if (block === end) break;
      add(block, null);
    }
  }
  return (block) => before.get(block) ?? new Set();
}

/** A block and those around it. @param {Block} block */
function line(block) {
  const found = [];
  for (let each = /** @type {Block | null} */ (block); each?.parent; each = each.parent) found.push(each);
  return found;
}

/** What leads to an operation, itself included. @param {Operation[]} operations @param {number} index @returns {Set<number>} −1: the input */
export function leading(operations, index) {
  const by = new Map(operations.map((op) => [op.index, op]));
  const found = new Set([index]);
  const open = [index];
  while (open.length) {
    for (const from of by.get(/** @type {number} */ (open.pop()))?.inputs ?? []) {
      if (found.has(from)) continue;
      found.add(from);
      open.push(from);
    }
  }
  return found;
}
