/**
 * A sliding window over one, two or three axes: convolution, transposed convolution, pooling. Above, where it lies; then
 * what each input map brings; then the chosen map tap by tap. Moving it asks nobody: the page adds up itself.
 */

import { length, limit as limitOf, unpack } from "../../draw/arrays.js";
import { el, put } from "../../draw/dom.js";
import { count, plain } from "../../draw/numbers.js";
import { came, kept } from "../kept.js";
import { way } from "./place.js";
import { slideOf } from "./slide.js";
import { cuts } from "./window/cuts.js";
import { inputs } from "./window/inputs.js";
import { channels, line } from "./window/line.js";
import { maps } from "./window/maps.js";
import { scrubber } from "./window/scrubber.js";
import { card } from "./window/taps.js";
import { ranked, resultAt, tapsAt, walk } from "./windows.js";

/** @typedef {import("../../messages").Channel} Channel */
/** @typedef {import("../../messages").Graph} Graph */
/** @typedef {import("../../main.js").Context} Context */

/**
 * What the parts share.
 * @typedef {object} Scene
 * @property {import("./windows.js").Slide} slide
 * @property {Channel} channel
 * @property {Float32Array} own the network's numbers
 * @property {"signed" | "positive"} kind of the input's colours
 * @property {number} inputLimit @property {number} weightLimit
 * @property {Context} context
 * @property {number[]} at
 * @property {Map<string, HTMLCanvasElement>} canvases small pictures that are painted anew
 * @property {{map: number | null, open: number}} choice the input map that the person chose, and how many further ones are shown
 * @property {() => void} update
 * @property {(at: number[]) => void} moveTo
 * @property {(by: number) => void} stepBy along the row of all places
 */

/** What of the message is shown, for one place. @typedef {{taps: import("./windows.js").Tap[], result: import("./windows.js").Result, chosen: number}} Found chosen: the input map */
/** Where the window lies, drawn for so many axes. @typedef {(scene: Scene, controls: HTMLElement) => {root: HTMLElement, show: (found: Found) => void}} Stage */

/** @type {Stage[]} */
const STAGES = [line, maps, cuts];

/** All channels of a signal stand below it. @param {import("../../state.js").State} state @param {import("../channel.js").Messages} messages @returns {Record<string, string>} */
export function wants(state, { channel }) {
  return channel.window?.kernel.length === 1 ? { layer: `layer/${channel.index}?sort=index&page=${Math.floor(channel.channel / 64)}` } : {};
}

/** @param {import("../channel.js").Messages} messages @param {Context} context @returns {(Node | string)[]} */
export function draw({ channel, graph, layer }, context) {
  const { screen } = context;
  const shown = kept(context, "window", [graph.trace, channel.index, channel.channel, screen.low, screen.width], () => build(channel, context));
  const all = came(layer);
  shown.scene.context = context;
  shown.scene.at = context.state.at ?? shown.scene.at;
  shown.scene.update();
  return all ? [...shown.elements, kept(context, "traces", [all, context.state.channel], () => channels(all, context))] : shown.elements;
}

/** @param {Channel} channel @param {Context} context */
function build(channel, context) {
  const scene = sceneOf(channel, context);
  const controls = scrubber(scene);
  const stage = STAGES[scene.slide.space.length - 1](scene, controls.root);
  const [title, middle, below] = [el("div.title-row.apart"), el("div.ledger-place"), el("div.card-place")];
  const status = el("p.unseen", { role: "status" });
  stage.root.append(status);
  scene.update = () => {
    const found = foundAt(scene);
    put(title, heading(scene, found.taps.length));
    stage.show(found);
    controls.show();
    put(middle, inputs(scene, found));
    put(below, card(scene, found));
    status.textContent = scene.context.t("element ({at}) is {value}", { at: scene.at.join(", "), value: plain(found.result.result, 6) });
  };
  const heard = context.memory("keys of the window", () => ({ over: new AbortController() }));
  heard.over.abort(); // those of the window before
  heard.over = new AbortController();
  context.listen("keydown", (event) => stage.root.isConnected && keys(event, scene, controls.press), { signal: heard.over.signal });
  return { elements: [title, stage.root, middle, below], scene };
}

/** @param {Channel} channel @param {Context} context @returns {Scene} */
function sceneOf(channel, context) {
  const slide = slideOf(channel);
  const choice = context.memory(`input map of ${channel.index}`, () => ({ map: null, open: 0 }));
  /** @type {Scene} */
  const scene = {
    slide, channel, context, choice, canvases: new Map(), own: unpack(channel.output), kind: slide.window.input.low < 0 ? "signed" : "positive",
    inputLimit: limitOf(slide.input), weightLimit: slide.weight ? limitOf(slide.weight) : 1,
    at: context.state.at ?? slide.steps.map(() => 0), update: () => {},
    moveTo: (at) => at.join() !== scene.at.join() && scene.context.go({ at }, "pass"),
    stepBy: (by) => scene.moveTo(walk(scene.at, slide.steps, by)),
  };
  return scene;
}

/** @param {Scene} scene @returns {Found} */
function foundAt({ slide, at, choice }) {
  const taps = tapsAt(slide, at);
  const result = resultAt(slide, at, taps);
  const wish = slide.window.channels.indexOf(choice.map ?? -1);
  return { taps, result, chosen: wish >= 0 ? wish : ranked(result.parts)[0]?.channel ?? 0 };
}

/** @param {Scene} scene @param {number} taps */
function heading({ channel, slide: { window }, at, context }, taps) {
  const { t } = context;
  const maps = window.channels.length;
  const words = {
    sum: madeOf(count(maps * taps), maps, window.bias !== null, t),
    max: t("the largest of {n} numbers", { n: taps }),
    mean: t("the mean of {n} numbers", { n: taps }),
  }[window.rule];
  return [
    el("div.title-row", {}, el("h1", {}, t("Channel {k}, element ({at})", { k: channel.channel, at: at.join(", ") })), el("span.soft.small", {}, words)),
    way(context),
  ];
}

/** @param {string} n products @param {number} maps @param {boolean} biased @param {Context["t"]} t */
function madeOf(n, maps, biased, t) {
  if (maps === 1) return biased ? t("{n} products and a bias, from one input map", { n }) : t("{n} products from one input map", { n });
  return biased ? t("{n} products and a bias, from {maps} input maps", { n, maps }) : t("{n} products from {maps} input maps", { n, maps });
}

/** Arrow keys and Space anywhere on the page that is no control. @param {KeyboardEvent} event @param {Scene} scene @param {() => void} press */
function keys(event, scene, press) {
  const { target } = event;
  const free = target instanceof Element && target.matches("body, .main, [data-stage]");
  if (!free || event.ctrlKey || event.metaKey || event.altKey) return;
  const { steps } = scene.slide;
  const [row, page] = steps.length > 1 ? [length(steps.slice(-1)), length(steps.slice(-2))] : [-1, Math.max(1, Math.round(steps[0] / 10))];
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row, ArrowDown: row, PageUp: -page, PageDown: page }[event.key];
  if (by !== undefined) scene.stepBy(by);
  else if (event.key === " ") press();
  else return;
  event.preventDefault();
}
