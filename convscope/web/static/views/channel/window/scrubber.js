/** The controls of a sliding window: play, one step, a slider, a field an axis, and what happens at the border. */

import { length, ravel, unravel } from "../../../draw/arrays.js";
import { el } from "../../../draw/dom.js";
import { legend } from "../../../draw/plane.js";
import { player } from "../player.js";
import { unread } from "../windows.js";

/** @typedef {import("../window.js").Scene} Scene */

/** @param {Scene} scene */
export function scrubber(scene) {
  const { slide: { steps }, context } = scene;
  const { t, document } = context;
  const walker = player({ size: length(steps), at: () => ravel(scene.at, steps), label: t("Position"), words: () => scene.at.join(", "), move: (to) => scene.moveTo(unravel(to, steps)) }, context);
  const names = [t("Depth"), t("Row"), t("Column")].slice(-steps.length);
  const fields = steps.map((size, axis) => field(size, axis, (value) => scene.moveTo(scene.at.map((place, other) => (other === axis ? value : place)))));
  const root = el("div.scrubber", {}, walker.tools, walker.slider,
    el("div.tools", {}, fields.map((each, axis) => el("label.field", {}, steps.length > 1 ? names[axis] : t("Position"), each)), el("span.sign-legend", { title: t("colours: negative, zero, positive") }, legend("signed", "−", "+"))),
    el("p.window-hint", {}, el("i.hatched"), el("span", {}, hints(scene).join(" "))));
  const show = () => {
    walker.show();
    fields.forEach((each, axis) => {
      if (each !== document.activeElement) each.value = String(scene.at[axis]);
    });
  };
  return { root, show, press: walker.press };
}

/** @param {number} size @param {number} axis @param {(value: number) => void} hear */
function field(size, axis, hear) {
  const made = /** @type {HTMLInputElement} */ (el("input", { type: "number", min: 0, max: size - 1, "data-focus": `axis-${axis}`, oninput: () => {
    if (made.value !== "" && Number.isFinite(made.valueAsNumber)) hear(Math.max(0, Math.min(size - 1, Math.round(made.valueAsNumber))));
  } }));
  return made;
}

/** What happens at the border, and how the window steps. @param {Scene} scene @returns {string[]} */
function hints({ slide, context: { t } }) {
  const { window } = slide;
  if (window.kind === "transposed") return [t("Each input number is laid, times the kernel, on the output, {s} places apart; here are those that fall on this number.", { s: window.stride.join("×") })];
  const said = LOST[slide.space.length - 1](slide, t);
  if (slide.space.length !== 2 && window.padding.flat().some(Boolean)) said.unshift(t("Hatched: padding, {sizes} before and after; it counts as 0.", { sizes: sizesOf(window.padding) }));
  if (window.stride.some((each) => each > 1)) said.push(t("A step moves the window by {s}.", { s: [...new Set(window.stride)].join("×") }));
  if (window.dilation.some((each) => each > 1)) said.push(t("The window has holes: its taps lie {d} apart.", { d: [...new Set(window.dilation)].join("×") }));
  const [first, last] = [window.channels[0], window.channels[window.channels.length - 1]];
  if (window.kind === "convolution" && window.groups > 1) said.push(first === last ? t("Of {g} groups it reads its own: input map {a}.", { g: window.groups, a: first }) : t("Of {g} groups it reads its own: input maps {a} to {b}.", { g: window.groups, a: first, b: last }));
  return said;
}

/** Padding an axis: 2 on both sides, or 1+2. @param {number[][]} padding */
export function sizesOf(padding) {
  const each = padding.map(([first, last]) => (first === last ? String(first) : `${first}+${last}`));
  return new Set(each).size === 1 ? each[0] : each.join(" × ");
}

/** @typedef {(slide: import("../windows.js").Slide, t: import("../../../main.js").Context["t"]) => string[]} Lost */

/** What no window reads, for one, two and three axes. @type {Lost[]} */
const LOST = [samples, rows, slices];

/** @type {Lost} */
function samples(slide, t) {
  const missed = unread(slide, 0);
  const [stride, last] = [slide.window.stride[0], slide.space[0] - 1];
  if (!missed.length) return [];
  if (missed[0] === last) return [t("Sample {place} is dropped: no stride of {stride} reaches it.", { place: last, stride })];
  if (missed[0] === last + 1 - missed.length) return [t("Samples {first}–{last} are dropped: no stride of {stride} reaches them.", { first: missed[0], last, stride })];
  return [t("{count} samples between the windows are never read.", { count: missed.length })];
}

/** @type {Lost} */
function rows(slide, t) {
  const said = slide.space.flatMap((size, axis) => {
    const lost = unread(slide, axis);
    const n = lost.length;
    if (!n) return [];
    const down = axis === 0;
    if (lost[0] !== size - n) return [down ? t("{n} of {size} rows lie in no window: the steps are larger than the window.", { n, size }) : t("{n} of {size} columns lie in no window: the steps are larger than the window.", { n, size })];
    if (n === 1) return [down ? t("The last row is dropped: no window reaches it.") : t("The last column is dropped: no window reaches it.")];
    return [down ? t("The last {n} rows are dropped: no window reaches them.", { n }) : t("The last {n} columns are dropped: no window reaches them.", { n })];
  });
  return said.length ? said : [t("Nothing is dropped at the border: every row and every column lies in a window.")];
}

/** @type {Lost} */
function slices(slide, t) {
  const lost = slide.space.map((_, axis) => unread(slide, axis).length);
  return [lost.some(Boolean) ? t("Never read: {counts} slices along depth, rows and columns.", { counts: lost.join(", ") }) : t("Every slice of the input is read.")];
}
