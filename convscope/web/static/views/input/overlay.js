/** Which parts of the input a score depends on, as colours over it. */

import { colourOf } from "../../draw/colour.js";
import { limit as limitOf, unpack } from "../../draw/arrays.js";
import { el } from "../../draw/dom.js";
import { legend } from "../../draw/plane.js";
import { plain } from "../../draw/numbers.js";
import { select } from "./fields.js";
import { sides } from "./large.js";

/** @typedef {import("../../main.js").Context} Context */
/** @typedef {import("../../messages").Attribution} Attribution */

/** The methods as the server calls them; the state's `overlay` is "METHOD" or "METHOD:CLASS". */
const METHODS = ["gradient", "integrated", "gradcam", "occlusion"];

/** @param {string} overlay of the state @returns {{method: string, target: string}} */
export function parts(overlay) {
  const [method, target = ""] = overlay.split(":");
  return { method, target };
}

/** Where the message about the chosen method is; without a class, of the predicted one. @param {import("../../state.js").State} state @param {import("../../messages").Prediction} prediction */
export function attribution(state, { probabilities }) {
  const { method, target } = parts(state.overlay);
  return `attribution?method=${method}&class=${target || probabilities.indexOf(Math.max(...probabilities))}`;
}

/** What to choose from, and what the colours mean. @param {import("../../messages").Graph} graph @param {Attribution | Error | undefined} found @param {Context} context */
export function overlay({ prediction }, found, { state, session, t, go }) {
  if (!prediction) return null;
  const { method, target } = parts(state.overlay);
  const names = { gradient: t("Gradient"), integrated: t("Integrated gradients"), gradcam: t("Grad-CAM"), occlusion: t("Occlusion") };
  const choose = (/** @type {string} */ next, /** @type {string} */ of) => go({ overlay: next && (of ? `${next}:${of}` : next) });
  const methods = [["", t("none")], ...METHODS.map((name) => [name, names[/** @type {keyof typeof names} */ (name)]])];
  const classes = [["", t("the predicted class")], ...prediction.classes.map((name, place) => [String(place), name])];
  return el("div.overlay-choice", {},
    select(t("Which pixels count"), "overlay-method", methods, method, (next) => choose(next, target)),
    method && !session.saved && select(t("for"), "overlay-class", classes, target, (of) => choose(method, of)),
    el("div.overlay-legend", { "aria-live": "polite" }, found instanceof Error ? el("p.caption", {}, found.message) : found && legendOf(found, t)));
}

/** Lay the chosen attribution over the picture. @param {import("./large.js").Large} view @param {Attribution | null} message */
export function laid(view, message) {
  if (!message) return;
  lay(view, message);
  view.stage.addEventListener("slice", () => lay(view, message));
}

/** @param {import("./large.js").Large} view @param {Attribution} message */
function lay(view, { numbers }) {
  const [height, width] = sides(view.look);
  const canvas = /** @type {HTMLCanvasElement} */ (el("canvas", { width, height, "aria-hidden": "true" }));
  const values = unpack(numbers);
  const shown = summed(values, numbers.shape, view.look.numbers.shape, view.slice);
  canvas.getContext("2d")?.putImageData(tint(shown, height, width, limitOf(values)), 0, 0);
  view.cover(canvas);
}

/**
 * One value a pixel of what is on the screen: channels are summed up, of a volume one slice is taken.
 * @param {Float32Array} values @param {number[]} shape of the attribution @param {number[]} look of the input @param {number} slice
 */
export function summed(values, shape, look, slice) {
  const space = look.slice(1);
  const size = space.reduce((product, each) => product * each, 1);
  const plane = space.length === 3 ? space[1] * space[2] : size;
  const offset = space.length === 3 ? slice * plane : 0;
  const found = new Float32Array(plane);
  for (let start = 0; start + size <= values.length; start += size) {
    for (let at = 0; at < plane; at += 1) found[at] += values[start + offset + at];
  }
  return shape.length ? found : values;
}

/** Colour where it counts, nothing where it does not. @param {Float32Array} values @param {number} height @param {number} width @param {number} limit */
function tint(values, height, width, limit) {
  const image = new ImageData(width, height);
  const ends = { up: colourOf(0.72, "signed", 1), down: colourOf(-0.72, "signed", 1) };
  for (let at = 0; at < height * width; at += 1) {
    const colour = values[at] < 0 ? ends.down : ends.up;
    image.data.set([...colour, Math.min(235, 255 * Math.sqrt(Math.abs(values[at]) / limit))], 4 * at);
  }
  return image;
}

/** @param {Attribution} message @param {Context["t"]} t */
function legendOf({ target, numbers, words }, t) {
  const most = plain(limitOf(unpack(numbers)), 2);
  return [
    el("div", {}, legend("signed", t("speaks against"), t("speaks for"))),
    el("p.caption", {}, t("For {target}; full colour at ±{most}.", { target, most }), el("br"), t(words.text, words.values)),
  ];
}
