/** The parts of the playground, and what happens when one of them is touched. Everything is computed here, at once. */

import { unpack } from "../../draw/arrays.js";
import { button, el, put, segments } from "../../draw/dom.js";
import { sides } from "../input/large.js";
import { grid } from "../input/grid.js";
import { number, select } from "../input/fields.js";
import { filtered, flipped, normalised, outputShape, padded, pooled, resized, sizeOf } from "./convolve.js";
import { gallery } from "./gallery.js";
import { products, sizes } from "./products.js";
import { stage } from "./stage.js";

/** @typedef {import("../../main.js").Context} Context */
/** @typedef {import("../../messages").Look} Look */
/** @typedef {import("./convolve.js").Settings} Settings */
/** @typedef {import("./convolve.js").Plane} Plane */
/** @typedef {{name: string, kernel: number[][], what: string}} Named */

/**
 * What the person has set; it stays while they look at other pages.
 * @typedef {object} Held
 * @property {Settings} settings
 * @property {string} name of the filter; "": the person's own
 * @property {string} pool
 * @property {number} channel −1: the mean of the colours
 * @property {[number, number]} at −1: where the result is strongest
 * @property {number} axes
 */

/** @param {Context} context @returns {Held} */
const heldIn = ({ memory }) => memory("filters", () => ({ settings: { kernel: [], padding: "replicate", stride: 1, dilation: 1 }, name: "", pool: "", channel: -1, at: [-1, -1], axes: 0 }));

/** @param {Look} look @param {Named[]} filters @param {Context} context */
export function playground(look, filters, context) {
  const flat = sides(look)[0] === 1;
  const named = filters.filter(({ kernel }) => (kernel.length === 1) === flat);
  const held = heldIn(context);
  begin(held, flat, named);
  const parts = { gallery: el("div"), tools: el("div"), maps: el("div"), below: el("div") };
  const again = () => show(held, parts, look, named, context, again);
  again();
  parts.below.className = "filter-below";
  return el("div.playground", {}, Object.values(parts));
}

/** The first filter that shows something. @param {Held} held @param {boolean} flat @param {Named[]} named */
function begin(held, flat, named) {
  const axes = flat ? 1 : 2;
  if (held.axes === axes) return;
  const first = named.find(({ name }) => name === (flat ? "derivative" : "sobel-x")) ?? named[0];
  Object.assign(held, { axes, name: first?.name ?? "", at: [-1, -1], channel: -1 });
  held.settings = { ...held.settings, kernel: first?.kernel ?? (flat ? [[0, 1, 0]] : [[0, 0, 0], [0, 1, 0], [0, 0, 0]]) };
}

/** @param {Held} held @param {Record<"gallery" | "tools" | "maps" | "below", HTMLElement>} parts @param {Look} look @param {Named[]} named @param {Context} context @param {() => void} again */
function show(held, parts, look, named, context, again) {
  const plane = planeOf(look, held.channel);
  const shape = outputShape(plane, held.settings);
  held.at = /** @type {[number, number]} */ (held.at.map((place, axis) => Math.min(shape[axis] - 1, place)));
  const use = (/** @type {Named} */ { name, kernel }) => {
    held.name = name;
    held.settings = { ...held.settings, kernel };
    again();
  };
  put(parts.gallery, [gallery(named, held.name, context, use)]);
  put(parts.tools, [tools(held, look, context, again)]);
  if (!shape[0] || !shape[1]) {
    put(parts.maps, [el("p", { role: "alert" }, context.t("The kernel with its gaps is larger than the input: choose a smaller dilation, a smaller kernel or more padding."))]);
    parts.below.replaceChildren();
  } else {
    maps(held, parts, plane, look, context, kernelOf(held, context, again));
  }
}

/** The two maps; moving the window redraws only what depends on it. @param {Held} held @param {Record<"maps" | "below", HTMLElement>} parts @param {Plane} plane @param {Look} look @param {Context} context @param {HTMLElement} middle */
function maps(held, parts, plane, look, context, middle) {
  const { settings, pool } = held;
  const out = filtered(plane, settings);
  if (held.at[0] < 0) held.at = strongest(out);
  const drawn = stage({ input: padded(plane, settings), output: out, pooled: pool ? pooled(out, pool) : null, settings, look, context, middle, at: () => held.at, move: (at) => {
    held.at = at;
    drawn.place(at);
    below(held, parts.below, plane, out, context);
  } });
  put(parts.maps, [drawn.element]);
  drawn.place(held.at);
  below(held, parts.below, plane, out, context);
}

/** @param {Plane} plane @returns {[number, number]} */
function strongest({ values, width }) {
  let best = 0;
  values.forEach((value, place) => {
    if (Math.abs(value) > Math.abs(values[best])) best = place;
  });
  return [Math.floor(best / width), best % width];
}

/** @param {Held} held @param {HTMLElement} box @param {Plane} plane @param {Plane} out @param {Context} context */
function below(held, box, plane, out, context) {
  box.replaceChildren(products(plane, held.settings, held.at, context), sizes(plane, out, held.settings, held.pool, context));
}

/** One plane of the input: a channel, the mean of the colours, the middle slice of a volume. @param {Look} look @param {number} channel @returns {Plane} */
function planeOf(look, channel) {
  const { shape } = look.numbers;
  const values = unpack(look.numbers);
  const [height, width] = sides(look);
  const size = height * width;
  const per = values.length / shape[0];
  const middle = look.kind === "volume" ? Math.floor(shape[1] / 2) * size : 0;
  const one = (/** @type {number} */ place) => values.subarray(place * per + middle, place * per + middle + size);
  if (channel >= 0 || look.kind !== "image" || shape[0] !== 3) return { values: Float32Array.from(one(Math.min(shape[0] - 1, Math.max(0, channel)))), height, width };
  const [red, green, blue] = [one(0), one(1), one(2)];
  return { values: red.map((value, at) => (value + green[at] + blue[at]) / 3), height, width };
}

/** @param {Held} held @param {Look} look @param {Context} context @param {() => void} again */
function tools(held, look, context, again) {
  const { t } = context;
  const set = (/** @type {Partial<Settings>} */ change) => {
    held.settings = { ...held.settings, ...change };
    again();
  };
  const own = (/** @type {number[][]} */ kernel) => {
    held.name = "";
    set({ kernel });
  };
  const { kernel } = held.settings;
  return el("div.filter-tools", {},
      el("div.rows-of-controls", {},
        segments([3, 5, 7].map((size) => ({ id: String(size), text: held.axes === 1 ? String(size) : `${size}×${size}` })), String(sizeOf(kernel)[1]), { label: t("Size of the kernel"), choose: (size) => own(resized(kernel, held.axes === 1 ? 1 : Number(size), Number(size))) }),
        button(t("Normalise"), { "data-focus": "filter-normalise", title: t("divide by the sum, so that the brightness stays"), onclick: () => own(normalised(kernel)) }),
        button(t("Flip"), { "data-focus": "filter-flip", title: t("half a turn: convolution as mathematics has it"), onclick: () => own(flipped(kernel)) }),
        button(t("Clear"), { "data-focus": "filter-clear", onclick: () => own(kernel.map((row) => row.map(() => 0))) })),
      el("div.rows-of-controls", {},
        select(t("Edge"), "filter-padding", [["replicate", t("goes on")], ["reflect", t("mirrored")], ["circular", t("from the other side")], ["zeros", t("zeros")], ["none", t("no padding")]], held.settings.padding, (padding) => set({ padding: /** @type {any} */ (padding) })),
        number(t("Stride"), "filter-stride", held.settings.stride, [1, 8], (stride) => set({ stride })),
        number(t("Dilation"), "filter-dilation", held.settings.dilation, [1, 8], (dilation) => set({ dilation })),
        select(t("Then pool"), "filter-pool", [["", t("not at all")], ["max", t("the largest of every two")], ["mean", t("the mean of every two")]], held.pool, (pool) => {
          held.pool = pool;
          again();
        }),
        channels(held, look, context, again)));
}

/** The kernel between the maps, to be typed over. @param {Held} held @param {Context} context @param {() => void} again */
function kernelOf(held, { t }, again) {
  const change = (/** @type {number[][]} */ kernel) => {
    held.name = "";
    held.settings = { ...held.settings, kernel };
    again();
  };
  const what = held.name || t("your own");
  return el("figure.filter-kernel", {}, grid(held.settings.kernel, { label: t("Kernel"), focus: "filter-cell", change }), el("figcaption.caption", {}, t("kernel: {name}", { name: what })));
}

/** @param {Held} held @param {Look} look @param {Context} context @param {() => void} again */
function channels(held, look, { t }, again) {
  const count = look.numbers.shape[0];
  if (count < 2) return null;
  const colours = look.kind === "image" && count === 3;
  const names = colours ? [t("red"), t("green"), t("blue")] : Array.from({ length: count }, (_, place) => look.names[place] ?? String(place));
  const options = [...(colours ? [["-1", t("mean of the colours")]] : []), ...names.map((name, place) => [String(place), name])];
  return select(t("Channel"), "filter-channel", options, String(colours ? held.channel : Math.max(0, held.channel)), (channel) => {
    held.channel = Number(channel);
    again();
  });
}
