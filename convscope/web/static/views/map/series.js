/**
 * What follows what, and what stands side by side: the boxes of one block as a series whose elements are boxes, open
 * blocks (a series each) or branches (a series a lane).
 */

/** @typedef {import("./tree.js").Block} Block */
/**
 * @typedef {object} Series
 * @property {Element[]} items
 */
/**
 * @typedef {object} Element one thing in a line
 * @property {"box" | "frame" | "lanes" | "input" | "result" | "failure"} type
 * @property {Block | null} block
 * @property {Series | null} inside of a frame
 * @property {Series[]} lanes of branches
 */
/** @typedef {[Block, Block]} Edge */

/**
 * @param {Block} parent an open block @param {Set<Block>} open @param {(block: Block) => Iterable<Block>} before the children of the
 * same parent that a child takes from @returns {Series}
 */
export function series(parent, open, before) {
  const order = new Map(parent.children.map((child, at) => [child, at]));
  const inputs = parent.children.map((child) => Array.from(before(child), (each) => order.get(each) ?? -1));
  const element = (/** @type {number} */ at) => {
    const block = parent.children[at];
    return open.has(block) ? item("frame", { block, inside: series(block, open, before) }) : item("box", { block });
  };
  return { items: arrange(parent.children.map((_, at) => at), inputs, element) };
}

/** @param {Element["type"]} type @param {Partial<Element>} [rest] @returns {Element} */
export const item = (type, rest = {}) => ({ type, block: null, inside: null, lanes: [], ...rest });

/**
 * Cut where everything passes one box; what lies between two cuts falls into branches.
 * @param {number[]} places in order @param {number[][]} inputs of every place @param {(at: number) => Element} element @returns {Element[]}
 */
function arrange(places, inputs, element) {
  const inner = new Map(places.map((place, at) => [place, at]));
  const reach = crossing(places, inputs, inner);
  /** @type {Element[]} */
  const out = [];
  /** @type {number[]} */
  let between = [];
  const flush = () => {
    if (between.length) out.push(...region(between, inputs, element, between.length === places.length));
    between = [];
  };
  places.forEach((place, at) => {
    if (reach[at]) return void between.push(place);
    flush();
    out.push(element(place));
  });
  flush();
  return out;
}

/** For each place, whether an edge passes over it. @param {number[]} places @param {number[][]} inputs @param {Map<number, number>} inner */
function crossing(places, inputs, inner) {
  const steps = new Int32Array(places.length + 2);
  places.forEach((place, at) => {
    for (const from of inputs[place]) {
      const start = inner.get(from);
      if (start === undefined || start + 1 >= at) continue;
      steps[start + 1] += 1;
      steps[at] -= 1;
    }
  });
  let over = 0;
  const found = places.map((_, at) => (over += steps[at]) > 0);
  return outside(places, inputs, inner, found);
}

/** What several places take from outside, or give to outside, passes over those between them. @param {number[]} places @param {number[][]} inputs @param {Map<number, number>} inner @param {boolean[]} found */
function outside(places, inputs, inner, found) {
  let lastIn = -1;
  places.forEach((place, at) => {
    if (inputs[place].length && inputs[place].every((from) => !inner.has(from))) lastIn = at;
  });
  for (let at = 0; at < lastIn; at += 1) found[at] = true;
  const used = new Set(places.flatMap((place) => inputs[place]));
  const firstOut = places.findIndex((place) => !used.has(place));
  for (let at = firstOut + 1; firstOut >= 0 && at < places.length; at += 1) found[at] = true;
  return found;
}

/** Boxes between two cuts: one piece goes on in the line, several become lanes. @param {number[]} between @param {number[][]} inputs @param {(at: number) => Element} element @param {boolean} stuck nothing was cut off: do not try again @returns {Element[]} */
function region(between, inputs, element, stuck) {
  const parts = pieces(between, inputs);
  if (parts.length === 1) return stuck ? between.map(element) : arrange(between, inputs, element);
  return [item("lanes", { lanes: parts.map((part) => ({ items: arrange(part, inputs, element) })) })];
}

/** Connected pieces, in the order of their first box. @param {number[]} places @param {number[][]} inputs @returns {number[][]} */
function pieces(places, inputs) {
  const root = new Map(places.map((place) => [place, place]));
  const find = (/** @type {number} */ place) => {
    while (root.get(place) !== place) place = /** @type {number} */ (root.get(place));
    return place;
  };
  for (const place of places) {
    for (const from of inputs[place]) if (root.has(from)) root.set(find(place), find(from));
  }
  /** @type {Map<number, number[]>} */
  const parts = new Map();
  for (const place of places) parts.set(find(place), [...(parts.get(find(place)) ?? []), place]);
  return Array.from(parts.values());
}
