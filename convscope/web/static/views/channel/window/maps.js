/** Two axes: the input map, the kernel and the output map, joined by curves; the window follows pointer and controls. */

import { length, limit as limitOf, ravel, row } from "../../../draw/arrays.js";
import { el, svg } from "../../../draw/dom.js";
import { plain } from "../../../draw/numbers.js";
import { plane } from "../../../draw/plane.js";
import { boxAt, extent, nearest, padded, stepsOver, unread } from "../windows.js";
import { sizesOf } from "./scrubber.js";

/** @typedef {import("../window.js").Scene} Scene */
/** @typedef {import("../window.js").Found} Found */
/** @typedef {import("../windows.js").Tap} Tap */
/** @typedef {import("../windows.js").Result} Result */
/** @typedef {{left: number, top: number, width: number, height: number}} Box in shares of a stage */

/** @type {import("../window.js").Stage} */
export function maps(scene, controls) {
  const { slide, own, context } = scene;
  const input = inputStage(scene);
  const middle = kernelStage(scene);
  const output = outputStage(scene, plane(own, slide.steps[0], slide.steps[1], own.some((value) => value < 0) ? "signed" : "positive", limitOf(own), context.t("output channel {k}", { k: scene.channel.channel })));
  hover(scene, input, output);
  const curves = svg("svg", { class: "link", "aria-hidden": "true" }, ["a", "b", "c", "d"].map(() => svg("path")));
  const root = el("section.panel.window-strip", { style: { "--stage": `${stageSize(scene)}px` } },
    el("figure", {}, input.stage, input.caption), el("figure", {}, middle.stage, middle.caption), el("figure", {}, output.stage, output.caption), controls, curves);
  const join = () => connect(root, curves, [input.stage, middle.stage, output.stage], windowBox(scene), cellBox(scene));
  context.resized(root, join);
  const show = (/** @type {Found} */ { chosen, taps, result }) => {
    input.show(chosen);
    middle.show(chosen, taps, result);
    output.show();
    join();
  };
  return { root, show };
}

/** Fewer input maps leave more room for the maps themselves. @param {Scene} scene */
function stageSize({ slide, context: { screen: { low } } }) {
  const rows = low ? 5 : 6;
  const free = Math.max(0, rows - slide.window.channels.length);
  return (low ? 108 : 126) + Math.min(4, free) * (low ? 12 : 18);
}

/** Where the window lies on the padded input. @param {Scene} scene @returns {Box} */
function windowBox({ slide, at }) {
  return share(boxAt(slide, at), slide, true);
}

/** @param {number[][]} box [start, stop) an axis, of the input @param {Scene["slide"]} slide @param {boolean} input @returns {Box} */
function share([rows, columns], slide, input) {
  const [height, width] = input ? around(slide) : slide.steps;
  const [top, left] = input ? before(slide) : [0, 0];
  return { left: (columns[0] + left) / width, top: (rows[0] + top) / height, width: (columns[1] - columns[0]) / width, height: (rows[1] - rows[0]) / height };
}

/** The input with its padding; a transposed window cuts from the output instead. @param {Scene["slide"]} slide */
const around = (slide) => (slide.window.kind === "transposed" ? slide.space : padded(slide));
/** @param {Scene["slide"]} slide */
const before = ({ window }) => (window.kind === "transposed" ? [0, 0] : window.padding.map(([first]) => first));

/** @param {Scene} scene @returns {Box} */
const cellBox = ({ slide, at }) => share(at.map((place) => [place, place + 1]), slide, false);

/** @param {HTMLElement} element @param {Box} box */
function at(element, { left, top, width, height }) {
  for (const [name, value] of Object.entries({ left, top, width, height })) element.style.setProperty(name, `${100 * value}%`);
}

/** @param {Scene} scene */
function inputStage(scene) {
  const { slide, context } = scene;
  const [height, width] = around(slide);
  const [top, left] = before(slide);
  const box = el("div.field-box", {}, holes(slide.window));
  const ghost = el("div.ghost");
  const caption = el("figcaption");
  const place = el("div.map-place");
  at(place, { left: left / width, top: top / height, width: slide.space[1] / width, height: slide.space[0] / height });
  const stage = el("div.stage.hatched", { tabindex: 0, role: "application", "aria-label": context.t("Input map: move the window with the arrow keys"), "data-focus": "input-stage", "data-stage": true, style: { "--wide": width, "--high": height } }, place, ghost, box);
  let shown = -1;
  const words = (/** @type {number} */ chosen) => context.t("input {i}", { i: slide.window.channels[chosen] });
  const show = (/** @type {number} */ chosen) => {
    at(box, windowBox(scene));
    if (chosen === shown) return;
    shown = chosen;
    const drawn = plane(row(/** @type {Float32Array} */ (slide.input), slide.window.input.shape, chosen), slide.space[0], slide.space[1], scene.kind, scene.inputLimit, words(chosen));
    place.replaceChildren(drawn, ...dropped(slide));
    caption.textContent = `${words(chosen)}${paddingWords(scene)}`;
  };
  return { stage, caption, show, ghost, shown: () => shown, words: () => `${words(shown)}${paddingWords(scene)}` };
}

/** @param {Scene} scene */
function paddingWords({ slide: { window }, context: { t } }) {
  if (window.kind === "transposed" || window.padding.every(([first, last]) => !first && !last)) return "";
  return t(", padded by {n}", { n: sizesOf(window.padding) });
}

/** Rows and columns that no window reads, hatched over the map. @param {Scene["slide"]} slide */
function dropped(slide) {
  return [0, 1].flatMap((axis) => unread(slide, axis).slice(0, 64).map((place) => {
    const box = el("div.dropped.hatched");
    const size = slide.space[axis];
    at(box, axis === 0 ? { left: 0, top: place / size, width: 1, height: 1 / size } : { left: place / size, top: 0, width: 1 / size, height: 1 });
    return box;
  }));
}

/** Where the taps lie when they lie apart. @param {import("../../../messages").Window} window */
function holes(window) {
  if (window.kind === "transposed" || window.dilation.every((each) => each === 1)) return null;
  const [height, width] = extent(window);
  const taps = Array.from({ length: length(window.kernel) }, (_, tap) => {
    const [down, right] = [Math.floor(tap / window.kernel[1]) * window.dilation[0], (tap % window.kernel[1]) * window.dilation[1]];
    return svg("rect", { x: right, y: down, width: 1, height: 1 });
  });
  return svg("svg", { class: "holes", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" }, taps);
}

/** @param {Scene} scene */
function kernelStage(scene) {
  const { slide, context: { t } } = scene;
  const { window } = slide;
  const [height, width] = window.kernel;
  const caption = el("figcaption");
  const stage = el("div.stage.kernel-stage", { style: { "--wide": width, "--high": height } });
  let shown = "";
  const show = (/** @type {number} */ chosen, /** @type {Tap[]} */ taps, /** @type {Result} */ result) => {
    const key = `${chosen} ${taps.map(({ tap }) => tap).join()} ${result.winner}`;
    if (key === shown) return;
    shown = key;
    if (!slide.weight) {
      stage.replaceChildren(ruleGrid(scene, taps, result));
      caption.textContent = window.rule === "max" ? t("the largest of {size}", { size: window.kernel.join("×") }) : t("the mean of {size}", { size: window.kernel.join("×") });
      return;
    }
    const values = /** @type {Float32Array} */ (slide.weight).subarray(chosen * slide.taps, (chosen + 1) * slide.taps);
    stage.replaceChildren(plane(values, height, width, "signed", scene.weightLimit, t("kernel")), ...unused(window, taps));
    caption.textContent = t("kernel {k}, input {i}", { k: scene.channel.channel, i: window.channels[chosen] });
  };
  return { stage, caption, show };
}

/** Pooling has no kernel: a square a tap, the winner filled. @param {Scene} scene @param {Tap[]} taps @param {Result} result */
function ruleGrid({ slide }, taps, result) {
  const [height, width] = slide.window.kernel;
  const squares = taps.map(({ tap, place }) => svg("rect", { x: (tap % width) + 0.06, y: Math.floor(tap / width) + 0.06, width: 0.88, height: 0.88, class: tap === result.winner ? "won" : place < 0 ? "out" : slide.window.rule === "mean" ? "counts" : "" }));
  return svg("svg", { class: "rule-grid", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" }, squares);
}

/** Transposed: the taps that do not fall on this number are hatched. @param {import("../../../messages").Window} window @param {Tap[]} taps */
function unused(window, taps) {
  const used = new Set(taps.map(({ tap }) => tap));
  const [height, width] = window.kernel;
  return Array.from({ length: height * width }, (_, tap) => tap).filter((tap) => !used.has(tap)).map((tap) => {
    const box = el("div.dropped.veil.hatched");
    at(box, { left: (tap % width) / width, top: Math.floor(tap / width) / height, width: 1 / width, height: 1 / height });
    return box;
  });
}

/** @param {Scene} scene @param {HTMLCanvasElement} drawn */
function outputStage(scene, drawn) {
  const { slide, channel, context: { t } } = scene;
  const box = el("div.field-box");
  const ghost = el("div.ghost");
  const words = t("output channel {k}", { k: channel.channel });
  const caption = el("figcaption", {}, words);
  const stage = el("div.stage", { tabindex: 0, role: "application", "aria-label": t("Output map: move the window with the arrow keys"), "data-focus": "output-stage", "data-stage": true, style: { "--wide": slide.steps[1], "--high": slide.steps[0] } }, drawn, ghost, box);
  return { stage, caption, ghost, words: () => words, show: () => at(box, cellBox(scene)) };
}

/** @typedef {{stage: HTMLElement, caption: HTMLElement, ghost: HTMLElement, words: () => string}} Stage */

/** Drag moves the window; hover shows on the other map what belongs to what is pointed at. @param {Scene} scene @param {Stage & {shown: () => number}} input @param {Stage} output */
function hover(scene, input, output) {
  const { slide } = scene;
  const onInput = (/** @type {PointerEvent} */ event) => indexAt(event, input.stage, around(slide)).map((place, axis) => place - before(slide)[axis]);
  const onOutput = (/** @type {PointerEvent} */ event) => indexAt(event, output.stage, slide.steps);
  const clear = () => {
    [input, output].forEach(({ ghost, caption, words }) => {
      ghost.classList.remove("on");
      caption.textContent = words();
    });
  };
  drag(input.stage, (event) => scene.moveTo(nearest(slide, onInput(event))), (event) => pointInput(scene, input, output, onInput(event)), clear);
  drag(output.stage, (event) => scene.moveTo(onOutput(event)), (event) => pointOutput(scene, input, output, onOutput(event)), clear);
}

/** @param {Scene} scene @param {Stage & {shown: () => number}} input @param {Stage} output @param {number[]} index */
function pointInput({ slide, context: { t } }, input, output, index) {
  const inside = index.every((place, axis) => place >= 0 && place < slide.space[axis]);
  const value = inside ? plain(slide.input[input.shown() * length(slide.space) + ravel(index, slide.space)]) : t("padding");
  ghostAt(input.ghost, share(index.map((place) => [place, place + 1]), slide, true));
  input.caption.textContent = `(${index.join(", ")}): ${value}`;
  const seen = index.map((place, axis) => stepsOver(slide.window, axis, place, slide.steps[axis]));
  if (seen.every((steps) => steps !== null)) {
    ghostAt(output.ghost, share(/** @type {number[][]} */ (seen), slide, false));
    output.caption.textContent = t("counts in {n} numbers", { n: length(seen.map((steps) => (steps ? steps[1] - steps[0] : 0))) });
  } else {
    output.ghost.classList.remove("on");
    output.caption.textContent = t("no window reads it");
  }
}

/** @param {Scene} scene @param {Stage} input @param {Stage} output @param {number[]} index */
function pointOutput({ slide, own }, input, output, index) {
  ghostAt(output.ghost, share(index.map((place) => [place, place + 1]), slide, false));
  ghostAt(input.ghost, share(boxAt(slide, index), slide, true));
  output.caption.textContent = `(${index.join(", ")}): ${plain(own[ravel(index, slide.steps)])}`;
}

/** @param {HTMLElement} ghost @param {Box} box */
function ghostAt(ghost, box) {
  at(ghost, box);
  ghost.classList.add("on");
}

/** @param {HTMLElement} stage @param {(event: PointerEvent) => void} move @param {(event: PointerEvent) => void} point @param {() => void} leave */
function drag(stage, move, point, leave) {
  stage.addEventListener("pointerdown", (event) => {
    stage.setPointerCapture(event.pointerId);
    leave();
    move(event);
  });
  stage.addEventListener("pointermove", (event) => {
    const held = stage.hasPointerCapture(event.pointerId) && event.buttons > 0;
    stage.closest(".window-strip")?.classList.toggle("dragging", held);
    if (held) move(event);
    else point(event);
  });
  stage.addEventListener("pointerup", () => stage.closest(".window-strip")?.classList.remove("dragging"));
  stage.addEventListener("pointerleave", leave);
}

/** @param {PointerEvent} event @param {HTMLElement} stage @param {number[]} sizes rows, columns */
function indexAt(event, stage, [height, width]) {
  const box = stage.getBoundingClientRect();
  const along = (/** @type {number} */ share, /** @type {number} */ every) => Math.max(0, Math.min(every - 1, Math.floor(share * every)));
  return [along((event.clientY - box.top) / box.height, height), along((event.clientX - box.left) / box.width, width)];
}

/** Curves from the window to the kernel, from the kernel to its number. @param {HTMLElement} root @param {SVGElement} curves @param {HTMLElement[]} stages @param {Box} window @param {Box} cell */
function connect(root, curves, stages, window, cell) {
  if (!root.isConnected) return;
  const origin = root.getBoundingClientRect();
  const [from, middle, to] = stages.map((stage) => {
    const box = stage.getBoundingClientRect();
    return { x: box.left - origin.left - root.clientLeft, y: box.top - origin.top - root.clientTop, width: box.width, height: box.height };
  });
  const right = from.x + (window.left + window.width) * from.width;
  const [top, bottom] = [from.y + window.top * from.height, from.y + (window.top + window.height) * from.height];
  const left = to.x + cell.left * to.width;
  const [upper, lower] = [to.y + cell.top * to.height, to.y + (cell.top + cell.height) * to.height];
  const between = from.x + from.width;
  const behind = middle.x + middle.width;
  const ends = [
    curve(right, top, (between + middle.x) / 2, middle.x, middle.y), curve(right, bottom, (between + middle.x) / 2, middle.x, middle.y + middle.height),
    curve(behind, middle.y, (behind + to.x) / 2, left, upper), curve(behind, middle.y + middle.height, (behind + to.x) / 2, left, lower),
  ];
  ends.forEach((path, place) => {
    const drawn = /** @type {SVGElement} */ (curves.children[place]);
    drawn.setAttribute("d", path);
    drawn.style.setProperty("d", `path("${path}")`);
  });
}

/** @param {number} x @param {number} y @param {number} turn @param {number} toX @param {number} toY */
const curve = (x, y, turn, toX, toY) => `M${x.toFixed(1)} ${y.toFixed(1)}C${turn.toFixed(1)} ${y.toFixed(1)} ${turn.toFixed(1)} ${toY.toFixed(1)} ${toX.toFixed(1)} ${toY.toFixed(1)}`;

