/** The map of the samples: each a point, so that what is alike to the network lies together; rest on one to see it, press it to enter. */

import { row, unpack } from "../../draw/arrays.js";
import { colourOf, css } from "../../draw/colour.js";
import { el, segments, token } from "../../draw/dom.js";
import { count, percent } from "../../draw/numbers.js";
import { picture } from "../../draw/plane.js";
import { came } from "../kept.js";
import { amount, enter } from "./tiles.js";

/** @typedef {import("../../main.js").Context} Context */
/** @typedef {import("../../messages").Plane} Plane */
/** @typedef {{x: number, y: number}[]} Places of the points on the canvas */

const [WIDE, HIGH, MARGIN] = [1440, 960, 40]; // pixels of the canvas, drawn at half that size
const COLOURS = ["#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"]; // M. Petroff 2021, arXiv:2107.02270
const NAMED = 60; // classes up to which each has its name on the map
const REACH = 40; // pixels of the canvas from which a point is rested on
const NAMES = { pca: "PCA", tsne: "t-SNE", umap: "UMAP" };
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** @param {Plane | Error | undefined} message @param {Context} context */
export function points(message, context) {
  const { t } = context;
  const found = came(message);
  const words = message instanceof Error ? message.message : t("Placing the samples …");
  return el("section.panel.results", {},
    el("header", {}, el("h2", {}, t("What is alike to it")), el("p.soft", {}, t("Each sample a point, by what goes into the classifier: neighbours are alike to the network.")), choice(found, context)),
    el("div", { "aria-live": "polite" }, found ? map(found, context) : el("p.soft", {}, words)));
}

/** How the samples come into the plane. @param {Plane | null} found @param {Context} context */
function choice(found, { t, state, go }) {
  if (!found || found.methods.length < 2) return null;
  const options = found.methods.map((name) => ({ id: name, text: NAMES[/** @type {keyof typeof NAMES} */ (name)] }));
  return segments(options, state.plane, { label: t("Way of placing"), choose: (plane) => go({ plane }, "replace") });
}

/** @param {Plane} message @param {Context} context */
function map(message, context) {
  const { t } = context;
  const places = placed(message);
  const tip = el("div.tip", { hidden: true });
  const label = t("Map of {samples} samples. Arrow keys go from one to the next, Enter opens it.", { samples: count(places.length) });
  const canvas = /** @type {HTMLCanvasElement} */ (el("canvas.points", { width: WIDE, height: HIGH, role: "img", tabindex: 0, "aria-label": label, "data-focus": "points" }));
  paint(canvas, message, places, context);
  let here = -1;
  const rest = (/** @type {number} */ place) => {
    here = place;
    show(tip, place < 0 ? null : told(message, place, context), places[place]);
    canvas.style.cursor = place < 0 ? "default" : "pointer";
  };
  canvas.addEventListener("pointermove", ({ offsetX, offsetY }) => rest(nearest(places, (offsetX * WIDE) / canvas.clientWidth, (offsetY * HIGH) / canvas.clientHeight)));
  canvas.addEventListener("pointerleave", () => rest(-1));
  canvas.addEventListener("blur", () => rest(-1));
  canvas.addEventListener("click", () => here >= 0 && enter(message.samples[here], context));
  canvas.addEventListener("keydown", (event) => {
    const way = STEPS[/** @type {keyof typeof STEPS} */ (event.key)];
    if (event.key === "Enter" && here >= 0) return void enter(message.samples[here], context);
    if (!way) return;
    event.preventDefault();
    rest(here < 0 ? 0 : towards(places, here, way));
  });
  const some = places.length < message.total ? t("{samples} of {total} test samples, drawn by chance.", { samples: count(places.length), total: count(message.total) }) : "";
  const wrong = message.sure ? t("Its colour is what it is; a ring: it was taken for another class.") : t("The stronger the colour, the larger the value.");
  const [right, up] = message.shares;
  const spread = up === undefined ? "" : t("To the right {right} of the variance, upwards {up}.", { right: percent(right, 0), up: percent(up, 0) });
  return el("figure.map-of-samples", {}, el("div.ground", {}, canvas, tip), el("figcaption.caption", {}, [some, wrong, spread].filter(Boolean).join(" ")));
}

/** Where the points come to lie; of both axes the same scale. @param {Plane} message @returns {Places} */
function placed({ points: numbers }) {
  const values = unpack(numbers);
  const many = numbers.shape[0];
  const ends = [0, 1].map((axis) => {
    let [low, high] = [Infinity, -Infinity];
    for (let at = axis; at < 2 * many; at += 2) [low, high] = [Math.min(low, values[at]), Math.max(high, values[at])];
    return [low, high];
  });
  const scale = Math.min((WIDE - 2 * MARGIN) / (ends[0][1] - ends[0][0] || 1), (HIGH - 2 * MARGIN) / (ends[1][1] - ends[1][0] || 1));
  const middle = ends.map(([low, high]) => (low + high) / 2);
  return Array.from({ length: many }, (_, at) => ({ x: WIDE / 2 + scale * (values[2 * at] - middle[0]), y: HIGH / 2 - scale * (values[2 * at + 1] - middle[1]) }));
}

/** @param {HTMLCanvasElement} canvas @param {Plane} message @param {Places} places @param {Context} context */
function paint(canvas, message, places, { session: { classes } }) {
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const colour = coloured(message);
  const size = places.length > 500 ? 6 : 8;
  places.forEach(({ x, y }, place) => {
    pen.globalAlpha = 0.85;
    pen.fillStyle = colour(place);
    disc(pen, x, y, size);
    pen.fill();
    if (!message.sure || message.truth[place] === message.said[place]) return;
    pen.globalAlpha = 1;
    pen.strokeStyle = token("--ink");
    pen.lineWidth = 2;
    disc(pen, x, y, size + 3);
    pen.stroke();
  });
  pen.globalAlpha = 1;
  if (message.sure && classes.length <= NAMED) names(pen, message, places, classes);
}

/** @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {number} radius */
function disc(pen, x, y, radius) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
}

/** A colour a class; of values the larger the darker. @param {Plane} message @returns {(place: number) => string} */
function coloured({ truth, sure }) {
  if (sure) return (place) => COLOURS[(truth[place] ?? 0) % COLOURS.length];
  const known = truth.map((value) => value ?? 0);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  return (place) => css(colourOf(0.15 + (0.85 * (known[place] - low)) / (high - low || 1), "positive", 1));
}

/** Each class's name in the middle of its samples. @param {CanvasRenderingContext2D} pen @param {Plane} message @param {Places} places @param {string[]} classes */
function names(pen, { truth }, places, classes) {
  Object.assign(pen, { font: `600 26px ${token("--font-text")}`, textAlign: "center", textBaseline: "middle", lineJoin: "round", lineWidth: 7, strokeStyle: token("--surface"), fillStyle: token("--ink") });
  classes.forEach((name, at) => {
    const own = places.filter((_, place) => truth[place] === at);
    if (!own.length) return;
    const [x, y] = [median(own.map((each) => each.x)), median(own.map((each) => each.y))];
    const short = name.length > 16 ? `${name.slice(0, 15)}…` : name;
    pen.strokeText(short, x, y);
    pen.fillText(short, x, y);
  });
}

/** @param {number[]} values */
const median = (values) => values.sort((one, other) => one - other)[Math.floor(values.length / 2)];

/** The point that is rested on; −1: none is near. @param {Places} places @param {number} x @param {number} y */
function nearest(places, x, y) {
  let [best, least] = [-1, REACH ** 2];
  places.forEach((each, place) => {
    const far = (each.x - x) ** 2 + (each.y - y) ** 2;
    if (far < least) [best, least] = [place, far];
  });
  return best;
}

/** The next point that way: near, and not far aside. @param {Places} places @param {number} from @param {number[]} way */
function towards(places, from, [right, down]) {
  let [best, least] = [from, Infinity];
  places.forEach((each, place) => {
    const [x, y] = [each.x - places[from].x, each.y - places[from].y];
    const [ahead, aside] = [x * right + y * down, Math.abs(x * down - y * right)];
    if (ahead > 0 && ahead + 2 * aside < least) [best, least] = [place, ahead + 2 * aside];
  });
  return best;
}

/** The sample, and what was said of it. @param {Plane} message @param {number} place @param {Context} context */
function told({ looks, truth, said, sure, samples }, place, { t, session: { classes } }) {
  const name = (/** @type {number | null} */ value) => (value === null ? "–" : sure ? classes[value] : amount(String(value)));
  const [is, says] = [name(truth[place]), name(said[place])];
  return [
    looks && picture(one(looks, place)),
    el("b", {}, says, sure && sure[place] !== null && el("i", {}, ` ${percent(sure[place])}`)),
    is !== says && el("span", {}, t("is {label}", { label: is })),
    el("span.faint", {}, t("sample {index}", { index: samples[place] })),
  ];
}

/** One of many looks. @param {import("../../messages").Look} looks @param {number} place @returns {import("../../messages").Look} */
function one({ kind, names: channels, numbers }, place) {
  const { shape, low, high } = numbers;
  const data = new Uint8Array(row(unpack(numbers), shape, place).slice().buffer);
  return { kind, names: channels, numbers: { dtype: "f32", shape: shape.slice(1), data, low, high } };
}

/** @param {HTMLElement} tip @param {any[] | null} content @param {{x: number, y: number} | undefined} at */
function show(tip, content, at) {
  tip.hidden = content === null;
  if (!content || !at) return;
  tip.replaceChildren(...content.filter((each) => each instanceof Node));
  tip.style.setProperty(at.x < WIDE / 2 ? "left" : "right", `calc(${(100 * (at.x < WIDE / 2 ? at.x : WIDE - at.x)) / WIDE}% + 12px)`);
  tip.style.setProperty(at.x < WIDE / 2 ? "right" : "left", "auto");
  tip.style.setProperty("top", `${Math.max(0, Math.min(70, (100 * at.y) / HIGH - 8))}%`);
}
