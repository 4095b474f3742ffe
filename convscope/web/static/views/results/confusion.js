/** What can be counted in a confusion matrix, of which only what occurs is there. No elements here. */

/** @typedef {NonNullable<import("../../messages").Results["confusion"]>} Confusion */
/** @typedef {{truth: number, said: number, times: number, share: number}} Cell share: of the true class */
/** @typedef {{name: string, support: number, said: number, precision: number | null, recall: number | null}} Score */

const sum = (/** @type {number[][]} */ pairs) => pairs.reduce((total, [, , times]) => total + times, 0);

/** Samples a class, by what they are (0) or by what was said (1). @param {Confusion} confusion @param {0 | 1} side */
function each({ classes, pairs }, side) {
  const found = classes.map(() => 0);
  for (const pair of pairs) found[pair[side]] += pair[2];
  return found;
}

/** Every cell with something in it, row by row. @param {Confusion} confusion @returns {Cell[]} */
export function cells(confusion) {
  const support = each(confusion, 0);
  return confusion.pairs.map(([truth, said, times]) => ({ truth, said, times, share: times / support[truth] }));
}

/** The wrong cells, the most frequent first. @param {Confusion} confusion */
export const mistaken = (confusion) =>
  cells(confusion).filter(({ truth, said }) => truth !== said).sort((one, other) => other.times - one.times || other.share - one.share);

const right = (/** @type {number[][]} */ pairs) => pairs.filter(([truth, said]) => truth === said);

/** Class by class; null where nothing was there to count. @param {Confusion} confusion @returns {Score[]} */
export function scores(confusion) {
  const { classes, pairs } = confusion;
  const [supports, saids, rights] = [each(confusion, 0), each(confusion, 1), each({ classes, pairs: right(pairs) }, 0)];
  return classes.map((name, place) => {
    const [support, said] = [supports[place], saids[place]];
    return { name, support, said, precision: said ? rights[place] / said : null, recall: support ? rights[place] / support : null };
  });
}

/** How many samples, and how many of them right. @param {Confusion} confusion */
export const total = ({ pairs }) => ({ samples: sum(pairs), right: sum(right(pairs)) });

/** How many are in a cell, a row (said −1) or a column (truth −1). @param {Confusion} confusion @param {number[]} cell */
export const inside = ({ pairs }, [truth, said]) =>
  sum(pairs.filter((pair) => (truth < 0 || pair[0] === truth) && (said < 0 || pair[1] === said)));

/**
 * The next cell with something in it, on the way of an arrow key; null at the edge.
 * @param {Confusion} confusion @param {number[]} from @param {string} key
 */
export function beside({ pairs }, from, key) {
  const way = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [1, -1], ArrowRight: [1, 1] }[key];
  if (!way) return null;
  const [side, sign] = way;
  const far = (/** @type {number[]} */ pair) => sign * (pair[side] - from[side]);
  const ahead = pairs.filter((pair) => pair[1 - side] === from[1 - side] && far(pair) > 0);
  return ahead.length ? ahead.reduce((one, other) => (far(other) < far(one) ? other : one)).slice(0, 2) : null;
}
