/** What every sliding window has, whatever its axes: the chosen input channel, the list of what each brings, the proof. */

import { ravel } from "../../draw/arrays.js";
import { low, ranking } from "./bits.js";
import { tell } from "./live.js";
import { kernelAt, products, resultAt, seen, tapsAt } from "./windows.js";

/** @typedef {{channel: import("../../messages").Channel, slide: import("./windows.js").Slide, output: Float32Array, context: import("../../main.js").Context, name: string, at: number[]}} Page */

/** The input channel that the person chose, per operation; the strongest one where there is none. @type {Map<number, number>} */
const chosenOf = new Map();
/** Operations whose whole list is open. @type {Set<number>} */
const opened = new Set();

/** The number as computed here, for the proof beside it. @param {Page} page */
export function report({ channel, slide, output, at }) {
  const taps = tapsAt(slide, at);
  const found = resultAt(slide, at, taps);
  tell({ key: `${channel.index}/${channel.channel}`, at, result: found.result, sum: found.sum, bias: slide.window.bias, network: output[ravel(at, channel.output.shape)], size: found.size, terms: found.terms, rule: slide.window.rule, divisor: found.divisor,
    rows: () => slide.window.channels.flatMap((name, part) => rowsOf(slide, taps, part, name)) });
}

/** @param {import("./windows.js").Slide} slide @param {import("./windows.js").Tap[]} taps @param {number} part @param {number} name */
function rowsOf(slide, taps, part, name) {
  const values = seen(slide, taps, part);
  const kernel = kernelAt(slide, taps, part);
  const made = products(slide, taps, part);
  return taps.map(({ tap, place }, index) => [name, tap, place < 0 ? "" : place, values[index] ?? 0, kernel[index], made[index]].map(String));
}

/** Which input channel stands above. @param {Page} page @param {import("./windows.js").Part[]} order */
export function chosen({ channel, slide }, order) {
  const wish = slide.window.channels.indexOf(chosenOf.get(channel.index) ?? -1);
  return wish >= 0 ? wish : (order[0]?.channel ?? 0);
}


/**
 * @param {Page} page @param {import("./windows.js").Result} found @param {number} part the chosen one
 * @param {{again: () => void, heads: string[], pictures: (part: number) => Node[], kind?: string}} options
 */
export function inputList({ slide, channel, context: { t } }, found, part, { again, heads, pictures, kind }) {
  const rows = found.parts.map(({ channel: place, sum }) => ({
    key: String(place), name: t("in {channel}", { channel: slide.window.channels[place] }), sum: sum / found.divisor, chosen: place === part, pictures: () => pictures(place),
  }));
  return ranking(rows, slide.window.bias, { t, heads, kind, most: opened.has(channel.index) ? rows.length : low() ? 5 : 6, label: t("Input channels by what they bring"),
    further: (count) => t("{count} further channels", { count }), open: () => (opened.add(channel.index), again()),
    choose: ({ key }) => (chosenOf.set(channel.index, slide.window.channels[Number(key)]), again()) });
}
