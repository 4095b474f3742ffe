/** What can be counted in a confusion matrix: counts[true class][what was said]. No elements here. */

/** @typedef {{classes: string[], counts: number[][]}} Confusion */
/** @typedef {{truth: number, said: number, times: number, share: number}} Cell share: of the true class */
/** @typedef {{name: string, support: number, said: number, precision: number | null, recall: number | null}} Score */

const sum = (/** @type {number[]} */ values) => values.reduce((total, value) => total + value, 0);

/** Every cell with something in it. @param {Confusion} confusion @returns {Cell[]} */
export function cells({ counts }) {
  return counts.flatMap((row, truth) => {
    const support = sum(row);
    return row.flatMap((times, said) => (times ? [{ truth, said, times, share: times / support }] : []));
  });
}

/** The wrong cells, the most frequent first. @param {Confusion} confusion */
export const mistaken = (confusion) =>
  cells(confusion).filter(({ truth, said }) => truth !== said).sort((one, other) => other.times - one.times || other.share - one.share);

/** Class by class; null where nothing was there to count. @param {Confusion} confusion @returns {Score[]} */
export function scores({ classes, counts }) {
  return classes.map((name, place) => {
    const support = sum(counts[place]);
    const said = sum(counts.map((row) => row[place]));
    const right = counts[place][place];
    return { name, support, said, precision: said ? right / said : null, recall: support ? right / support : null };
  });
}

/** How many samples, and how many of them right. @param {Confusion} confusion */
export function total({ counts }) {
  return { samples: sum(counts.map(sum)), right: sum(counts.map((row, place) => row[place])) };
}

/** How many are in a cell, a row (said −1) or a column (truth −1). @param {Confusion} confusion @param {number[]} cell */
export function inside({ counts }, [truth, said]) {
  const rows = truth < 0 ? counts : [counts[truth] ?? []];
  return sum(rows.map((row) => (said < 0 ? sum(row) : (row[said] ?? 0))));
}

/**
 * The next cell with something in it, on the way of an arrow key; null at the edge.
 * @param {Confusion} confusion @param {number[]} from @param {string} key
 */
export function beside({ counts }, [truth, said], key) {
  const way = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[key];
  if (!way) return null;
  for (let [row, column] = [truth + way[0], said + way[1]]; counts[row]?.[column] !== undefined; row += way[0], column += way[1]) {
    if (counts[row][column]) return [row, column];
  }
  return null;
}
