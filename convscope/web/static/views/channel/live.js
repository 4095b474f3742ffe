/**
 * What changes on the channel page faster than messages come: the window moves, and the proof beside it follows.
 * One listener a topic; a new one takes the place of the old.
 */

/** @typedef {{key: string, at: number[], result: number, sum: number, bias: number | null, network: number, size: number, terms: number, rule: string, divisor: number, rows: () => string[][]}} Local */

/** @type {Local | null} */
let last = null;
/** @type {((local: Local) => void) | null} */
let listener = null;

/** The number on the screen, as the page computes it. @param {Local} local */
export function tell(local) {
  last = local;
  listener?.(local);
}

/** Hear of every number of this channel, and of the last one at once. @param {string} key operation and channel @param {(local: Local) => void} hear */
export function follow(key, hear) {
  listener = (local) => local.key === key && hear(local);
  if (last) listener(last);
}
