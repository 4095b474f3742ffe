/**
 * What changes on the channel page faster than messages come: the window moves, and the proof beside it follows.
 * One listener a topic; a new one takes the place of the old.
 */

/** @typedef {{key: string, at: number[], result: number, sum: number, bias: number | null, network: number, size: number, terms: number, rule: string, divisor: number, rows: () => string[][]}} Local */
/** @typedef {{key: string, number: import("../../messages").OneNumber, name: string}} Slope a gradient, and what it is of */

/** @template {{key: string}} T */
function topic() {
  /** @type {T | null} */
  let last = null;
  /** @type {((said: T) => void) | null} */
  let listener = null;
  return {
    tell: (/** @type {T} */ said) => {
      last = said;
      listener?.(said);
    },
    follow: (/** @type {string} */ key, /** @type {(said: T) => void} */ hear) => {
      listener = (said) => said.key === key && hear(said);
      if (last) listener(last);
    },
    still: () => {
      listener = null;
    },
  };
}

/** The number on the screen, as the page computes it; the key is `operation/channel`. @type {ReturnType<typeof topic<Local>>} */
export const numbers = topic();

/** The gradient on the screen. @type {ReturnType<typeof topic<Slope>>} */
export const slopes = topic();

/** The number on the screen, as a view computes it. @param {Local} local */
export const tell = (local) => numbers.tell(local);
