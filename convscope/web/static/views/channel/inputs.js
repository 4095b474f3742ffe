/** What every sliding window has, whatever its axes: the chosen input channel, the list of what each brings, the proof. */

import { low, ranking } from "./bits.js";
import { tell } from "./live.js";
import { localOf } from "./window2d.js";
import { resultAt, tapsAt } from "./windows.js";

/** @typedef {{channel: import("../../messages").Channel, slide: import("./windows.js").Slide, output: Float32Array, context: import("../../main.js").Context, name: string, at: number[]}} Page */

/** The input channel that the person chose, per operation; the strongest one where there is none. @type {Map<number, number>} */
const chosenOf = new Map();
/** Operations whose whole list is open. @type {Set<number>} */
const opened = new Set();

/** The number as computed here, for the proof beside it. @param {Page} page */
export function report(page) {
  const taps = tapsAt(page.slide, page.at);
  tell(localOf({ ...page, own: page.output }, resultAt(page.slide, page.at, taps), taps));
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
