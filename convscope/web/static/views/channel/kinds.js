/** What the views of one number share and what needs no screen: ranking, running sums, softmax, axes. */

/** @typedef {import("../../messages").OneNumber} OneNumber */

/**
 * Largest share first, each with where the running sum stands before and after it.
 * @template {{sum: number}} P
 * @param {P[]} parts @param {number} bias where the running sum begins @param {number} most rows to show
 * @returns {{ranked: P[], shown: {part: P, from: number, to: number}[], rest: {count: number, sum: number, from: number, to: number}, low: number, high: number, total: number}}
 */
export function runningSum(parts, bias, most) {
  const ranked = [...parts].sort((a, b) => Math.abs(b.sum) - Math.abs(a.sum));
  let at = bias;
  const step = (/** @type {number} */ sum) => ({ from: at, to: (at += sum) });
  const shown = ranked.slice(0, most).map((part) => ({ part, ...step(part.sum) }));
  const left = ranked.slice(most);
  const sum = left.reduce((total, part) => total + part.sum, 0);
  const rest = { count: left.length, sum, ...step(sum) };
  const marks = [0, bias, rest.to, ...shown.map(({ to }) => to)].filter(Number.isFinite);
  return { ranked, shown, rest, low: Math.min(...marks), high: Math.max(...marks), total: at };
}

/** @param {ArrayLike<number>} values */
export function total(values) {
  let sum = 0;
  for (let place = 0; place < values.length; place += 1) sum += values[place];
  return sum;
}

/** @param {ArrayLike<number>} values @returns {[number, number]} smallest and largest, with 0 between them */
export function span(values) {
  let low = 0;
  let high = 0;
  for (let place = 0; place < values.length; place += 1) {
    const value = values[place];
    if (value < low && value > -Infinity) low = value;
    if (value > high && value < Infinity) high = value;
  }
  return [low, high];
}

/**
 * Few enough points for a line: of each stretch the smallest and the largest value stay.
 * @param {ArrayLike<number>} values @param {number} most stretches
 * @returns {[number, number][]} place and value
 */
export function thin(values, most) {
  if (values.length <= 2 * most) return Array.from(values, (value, place) => [place, value]);
  /** @type {[number, number][]} */
  const points = [];
  for (let part = 0; part < most; part += 1) {
    const start = Math.floor((part * values.length) / most);
    const end = Math.floor(((part + 1) * values.length) / most);
    let [least, largest] = [start, start];
    for (let place = start; place < end; place += 1) {
      if (values[place] < values[least]) least = place;
      if (values[place] > values[largest]) largest = place;
    }
    for (const place of new Set([Math.min(least, largest), Math.max(least, largest)])) points.push([place, values[place]]);
  }
  return points;
}

/** Round places on an axis, the last one included. @param {number} size @param {number} [most] @returns {number[]} */
export function ticks(size, most = 8) {
  if (size <= most) return Array.from({ length: size }, (_, place) => place);
  const rough = size / most;
  const ten = 10 ** Math.floor(Math.log10(rough));
  const step = /** @type {number} */ ([1, 2, 5, 10].map((part) => part * ten).find((each) => each >= rough));
  const places = Array.from({ length: Math.ceil(size / step) }, (_, at) => at * step);
  const last = size - 1;
  if (last - places[places.length - 1] < step / 2) places.pop();
  return [...places, last];
}

/** Neighbouring places as stretches: 3, 4, 5, 9 → [3, 5], [9, 9]. @param {number[]} places rising @returns {[number, number][]} */
export function stretches(places) {
  /** @type {[number, number][]} */
  const found = [];
  for (const place of places) {
    const last = found[found.length - 1];
    if (last && last[1] === place - 1) last[1] = place;
    else found.push([place, place]);
  }
  return found;
}

/**
 * Softmax with every part of it, in float64.
 * @param {number[]} logits
 */
export function softmax(logits) {
  const largest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - largest));
  const sum = total(powers);
  return { largest, powers, sum, shares: powers.map((power) => power / sum) };
}

/**
 * Which rows stay in sight: all of a few; of many the most probable ones and those that must be seen, in order.
 * @param {number[]} shares @param {number} most @param {(number | null)[]} always
 * @returns {{kept: number[], folded: number[]}} places
 */
export function fold(shares, most, always = []) {
  const places = shares.map((_, place) => place);
  if (places.length <= most) return { kept: places, folded: [] };
  const best = [...places].sort((a, b) => shares[b] - shares[a]).slice(0, most);
  const kept = new Set([...best, ...always.filter((place) => place !== null)]);
  const ordered = [...kept].sort((a, b) => shares[/** @type {number} */ (b)] - shares[/** @type {number} */ (a)]);
  return { kept: /** @type {number[]} */ (ordered), folded: places.filter((place) => !kept.has(place)) };
}

/** The row of numbers that a softmax was taken over, from its proof. @param {OneNumber | null} number @returns {number[] | null} */
export function logitsOf(number) {
  const step = number?.steps.find(({ terms }) => terms && "input" in terms.factors);
  return step?.terms ? /** @type {number[]} */ (step.terms.factors.input).flat(9) : null;
}

/**
 * The operation whose maps a linear layer reads after they were laid in a row.
 * @param {import("../../messages").Operation[]} operations @param {number} index of the linear layer
 * @param {number} inputs how many numbers it reads
 * @returns {import("../../messages").Operation | null} the last one before that has a channel axis; null where there is none
 */
export function mapsBefore(operations, index, inputs) {
  const byIndex = new Map(operations.map((operation) => [operation.index, operation]));
  let operation = byIndex.get(index);
  while (operation) {
    const before = byIndex.get(operation.inputs[0]);
    if (!before) return null;
    const sizes = before.shape.slice(1);
    if (sizes.length > 1 && sizes.reduce((product, size) => product * size, 1) === inputs) return before;
    if (!before.reshapes && !before.noise) return null;
    operation = before;
  }
  return null;
}
