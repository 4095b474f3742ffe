/**
 * A sliding window over pictures: convolution, transposed convolution, pooling. Above, where it lies; then what
 * each input map brings; then the chosen map tap by tap. Moving it asks nobody: the page adds up itself.
 */

import { length, limit as limitOf, ravel, unpack } from "../../draw/arrays.js";
import { el } from "../../draw/dom.js";
import { count } from "../../draw/numbers.js";
import { keeper } from "../kept.js";
import { ledger } from "./ledger.js";
import { tell } from "./live.js";
import { way } from "./place.js";
import { strip } from "./strip.js";
import { card } from "./taps.js";
import { ranked, resultAt, tapsAt, unravelled, walk } from "./windows.js";

/** @typedef {import("./windows.js").Slide} Slide */
/** @typedef {import("../../messages").Channel} Channel */
/** @typedef {import("../../main.js").Context} Context */

/**
 * What the parts share.
 * @typedef {object} Scene
 * @property {Slide} slide
 * @property {Channel} channel
 * @property {Float32Array} own the network's numbers
 * @property {"signed" | "positive"} kind of the input's colours
 * @property {number} inputLimit @property {number} weightLimit
 * @property {Context} context
 * @property {boolean} low the window is low: fewer rows
 * @property {number[]} at
 * @property {number | null} map the input map that the person chose
 * @property {number} open how many further maps are shown
 * @property {(at: number[]) => void} moveTo
 * @property {(by: number) => void} stepBy
 * @property {(map: number) => void} choose
 * @property {(more: number) => void} unfold
 */

const REST = 250; // ms without a move until the address takes the place

/** @typedef {{elements: (Node | string)[], show: (context: Context) => void, scene: Scene}} Shown */

/** @type {ReturnType<typeof keeper<Shown>>} */
const keep = keeper();
/** @type {Shown | null} */
let current = null;
addEventListener("keydown", (event) => current && keys(event, current.scene));

/** @param {import("../channel.js").Messages} messages @param {Context} context @returns {(Node | string)[]} */
export function draw({ channel, graph }, context) {
  if (!channel?.window) return [];
  current = keep([graph.trace, channel.index, channel.channel, isLow()], () => build(channel, context));
  current.show(context);
  return current.elements;
}

/** A low window shows fewer rows, never smaller text. */
const isLow = () => innerHeight <= 760 && innerWidth > 959;

/** @param {Channel} channel @returns {Slide} */
export function slideOf(channel) {
  const window = /** @type {import("../../messages").Window} */ (channel.window);
  return {
    window, input: unpack(window.input), weight: window.weight && unpack(window.weight), space: window.input.shape.slice(1),
    steps: channel.output.shape, taps: length(window.kernel),
  };
}

/** @param {Channel} channel @param {Context} context */
function build(channel, context) {
  const slide = slideOf(channel);
  const scene = sceneOf(channel, slide, context);
  const above = strip(scene);
  const [title, middle, below] = [el("div.title-row.apart"), el("div.ledger-place"), el("div.card-place")];
  let timer = 0;
  const update = () => {
    const taps = tapsAt(slide, scene.at);
    const result = resultAt(slide, scene.at, taps);
    const chosen = scene.map ?? ranked(result.parts)[0]?.channel ?? 0;
    title.replaceChildren(...heading(scene, taps.length));
    above.show(chosen, taps, result);
    replace(middle, ledger(scene, result, taps, chosen));
    replace(below, card(scene, result, taps, chosen));
    tell(localOf(scene, result, taps));
  };
  const rest = () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => above.root.isConnected && scene.context.go({ at: scene.at }, { replace: true }), REST);
  };
  scene.moveTo = (at) => {
    if (at.join() === scene.at.join()) return;
    scene.at = at;
    update();
    rest();
  };
  scene.stepBy = (by) => scene.moveTo(walk(scene.at, slide.steps, by));
  scene.choose = (map) => {
    scene.map = map;
    update();
  };
  scene.unfold = (more) => {
    scene.open = more;
    update();
  };
  return { elements: [title, above.root, middle, below], scene, show: (/** @type {Context} */ now) => {
    scene.context = now;
    scene.at = now.state.at ?? scene.at;
    update();
  } };
}

/** @param {Channel} channel @param {Slide} slide @param {Context} context @returns {Scene} */
function sceneOf(channel, slide, context) {
  const nothing = () => {};
  return {
    slide, channel, context, own: unpack(channel.output), kind: slide.window.input.low < 0 ? "signed" : "positive",
    inputLimit: limitOf(slide.input), weightLimit: slide.weight ? limitOf(slide.weight) : 1, low: isLow(),
    at: context.state.at ?? slide.steps.map(() => 0), map: null, open: 0, moveTo: nothing, stepBy: nothing, choose: nothing, unfold: nothing,
  };
}

/** New children, with the focus where it was. @param {HTMLElement} box @param {(Node | string | null)[]} children */
function replace(box, children) {
  const focused = box.contains(document.activeElement) ? document.activeElement?.getAttribute("data-focus") : null;
  box.replaceChildren(...children.filter((child) => child !== null));
  if (focused) /** @type {HTMLElement | null} */ (box.querySelector(`[data-focus="${CSS.escape(focused)}"]`))?.focus();
}

/** @param {string} n products @param {number} maps @param {boolean} biased @param {Context["t"]} t */
function madeOf(n, maps, biased, t) {
  if (maps === 1) return biased ? t("{n} products and a bias, from one input map", { n }) : t("{n} products from one input map", { n });
  return biased ? t("{n} products and a bias, from {maps} input maps", { n, maps }) : t("{n} products from {maps} input maps", { n, maps });
}

/** @param {Scene} scene @param {number} taps */
function heading({ channel, slide, at, context }, taps) {
  const { t } = context;
  const { window } = slide;
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

/** What the proof beside the page needs. @param {Pick<Scene, "channel" | "slide" | "at" | "own">} scene @param {import("./windows.js").Result} result @param {import("./windows.js").Tap[]} taps @returns {import("./live.js").Local} */
export function localOf({ channel, slide, at, own }, result, taps) {
  return {
    key: `${channel.index}/${channel.channel}`, at, result: result.result, sum: result.sum, bias: slide.window.bias, network: own[ravel(at, slide.steps)],
    size: result.size, terms: result.terms, rule: slide.window.rule, divisor: result.divisor, rows: () => table(slide, taps),
  };
}

/** Every term as a row of a table. @param {Slide} slide @param {import("./windows.js").Tap[]} taps @returns {string[][]} */
function table(slide, taps) {
  const room = length(slide.space);
  const axes = ["depth", "row", "column"].slice(-slide.space.length);
  const rows = [["channel", ...axes.map((axis) => `tap ${axis}`), ...axes.map((axis) => `input ${axis}`), "input", ...(slide.weight ? ["weight", "product"] : [])]];
  slide.window.channels.forEach((name, channel) => {
    for (const { tap, place } of taps) {
      const value = place < 0 ? 0 : slide.input[channel * room + place];
      const weight = slide.weight?.[channel * slide.taps + tap];
      const where = place < 0 ? axes.map(() => "padding") : unravelled(place, slide.space);
      rows.push([name, ...unravelled(tap, slide.window.kernel), ...where, value, ...(weight === undefined ? [] : [weight, value * weight])].map(String));
    }
  });
  return rows;
}

/** Arrow keys and Space anywhere on the page that is no control. @param {KeyboardEvent} event @param {Scene} scene */
function keys(event, scene) {
  const { target } = event;
  const free = target === document.body || (target instanceof Element && target.matches(".main, .stage"));
  if (!free || event.ctrlKey || event.metaKey || event.altKey || !document.querySelector(".main > .window-strip")) return;
  if (scene.context.state.level !== "channel") return;
  const across = scene.slide.steps.at(-1) ?? 1;
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across }[event.key];
  if (by !== undefined) scene.stepBy(by);
  else if (event.key === " ") /** @type {HTMLElement | null} */ (document.querySelector(".window-strip .play"))?.click();
  else return;
  event.preventDefault();
}
