/** The controls of a sliding window: play, one step, a slider, row and column, and what happens at the border. */

import { length, ravel, unravel } from "../../draw/arrays.js";
import { button, el, icon } from "../../draw/dom.js";
import { legend } from "../../draw/plane.js";
import { unread } from "./windows.js";

/** @typedef {import("./window2d.js").Scene} Scene */

/** @param {Scene} scene */
export function player(scene) {
  const { slide, context: { t } } = scene;
  let playing = 0;
  const set = (/** @type {boolean} */ on) => {
    clearInterval(playing);
    playing = on ? window.setInterval(tick, Number.parseFloat(getComputedStyle(root).getPropertyValue("--play-interval")) || 700) : 0;
    play.replaceChildren(icon(on ? "pause" : "play"), on ? t("Pause") : t("Play"));
    play.setAttribute("aria-pressed", String(on));
  };
  const tick = () => (root.isConnected ? scene.stepBy(1) : set(false));
  const play = button(t("Play"), { kind: "play", title: t("Space"), "data-focus": "play", onclick: () => set(!playing) }, "play");
  const every = length(slide.steps);
  const slider = input({ type: "range", min: 0, max: every - 1, "aria-label": t("Position"), "data-focus": "position" }, (value) => scene.moveTo(unravel(value, slide.steps)));
  const fields = slide.steps.map((size, axis) => input({ type: "number", min: 0, max: size - 1, "data-focus": `axis-${axis}` }, (value) => scene.moveTo(scene.at.map((place, other) => (other === axis ? Math.max(0, Math.min(size - 1, Math.round(value))) : place)))));
  const labels = axisNames(scene);
  const root = el("div.scrubber", {},
    el("div.tools", {}, play,
      button("", { kind: "square", "aria-label": t("One step back"), "data-focus": "step-back", onclick: () => scene.stepBy(-1) }, "back"),
      button("", { kind: "square", "aria-label": t("One step on"), "data-focus": "step-on", onclick: () => scene.stepBy(1) }, "next")),
    slider,
    el("div.tools", {}, fields.map((field, axis) => el("label.field", {}, labels[axis], field)), el("span.sign-legend", { title: t("colours: negative, zero, positive") }, legend("signed", "−", "+"))),
    el("p.window-hint", {}, el("i.hatched"), el("span", {}, hints(scene).join(" "))));
  const show = () => {
    slider.value = String(ravel(scene.at, slide.steps));
    slider.setAttribute("aria-valuetext", scene.at.join(", "));
    fields.forEach((field, axis) => {
      if (field !== document.activeElement) field.value = String(scene.at[axis]);
    });
  };
  return { root, show };
}

/** @param {Record<string, any>} props @param {(value: number) => void} hear */
function input(props, hear) {
  const made = /** @type {HTMLInputElement} */ (el("input", props));
  made.addEventListener("input", () => made.value !== "" && Number.isFinite(made.valueAsNumber) && hear(made.valueAsNumber));
  return made;
}

/** @param {Scene} scene */
const axisNames = ({ slide, context: { t } }) => [t("Depth"), t("Row"), t("Column")].slice(-slide.space.length);

/** What happens at the border, and how the window steps. @param {Scene} scene @returns {string[]} */
export function hints(scene) {
  const { slide, context: { t } } = scene;
  const { window } = slide;
  if (window.kind === "transposed") return [t("Each input number is laid, times the kernel, on the output, {s} places apart; here are those that fall on this number.", { s: window.stride.join("×") })];
  const lost = slide.space.map((_, axis) => unread(slide, axis));
  const said = lost.map((places, axis) => lostWords(scene, places, axis)).filter((words) => words !== "");
  if (!said.length) said.push(t("Nothing is dropped at the border: every row and every column lies in a window."));
  if (window.stride.some((each) => each > 1)) said.push(t("A step moves the window by {s}.", { s: [...new Set(window.stride)].join("×") }));
  if (window.dilation.some((each) => each > 1)) said.push(t("The window has holes: its taps lie {d} apart.", { d: [...new Set(window.dilation)].join("×") }));
  const [first, last] = [window.channels[0], window.channels[window.channels.length - 1]];
  if (window.kind === "convolution" && window.groups > 1) said.push(first === last ? t("Of {g} groups it reads its own: input map {a}.", { g: window.groups, a: first }) : t("Of {g} groups it reads its own: input maps {a} to {b}.", { g: window.groups, a: first, b: last }));
  return said;
}

/** @param {Scene} scene @param {number[]} places @param {number} axis */
function lostWords({ slide, context: { t } }, places, axis) {
  if (!places.length) return "";
  const rows = axis === slide.space.length - 2;
  const size = slide.space[axis];
  const atEnd = places[0] === size - places.length;
  const n = places.length;
  if (!atEnd) return rows ? t("{n} of {size} rows lie in no window: the steps are larger than the window.", { n, size }) : t("{n} of {size} columns lie in no window: the steps are larger than the window.", { n, size });
  if (n === 1) return rows ? t("The last row is dropped: no window reaches it.") : t("The last column is dropped: no window reaches it.");
  return rows ? t("The last {n} rows are dropped: no window reaches them.", { n }) : t("The last {n} columns are dropped: no window reaches them.", { n });
}
