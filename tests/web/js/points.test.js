/** The map of the samples answers to the pointer and to the keys. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { contextOf } from "./page.js";
import { points } from "../../../convscope/web/static/views/results/points.js";
import { START } from "../../../convscope/web/static/state.js";

const bytes = (values) => new Uint8Array(Float32Array.from(values).buffer);
const message = {
  method: "pca", methods: ["pca", "tsne"], shares: [0.75, 0.25], samples: [4, 8, 15], total: 9, part: "test",
  points: { dtype: "f32", shape: [3, 2], data: bytes([-3, 0, 3, 0, 3, 2]), low: -3, high: 3 },
  truth: [0, 1, 1], said: [0, 1, 0], sure: [0.9, 0.8, 0.6],
  looks: { kind: "image", names: [], numbers: { dtype: "u8", shape: [3, 1, 2, 2], data: Uint8Array.from({ length: 12 }, (_, at) => 20 * at), low: 0, high: 255 } },
};

function drawn(given = message, change = {}) {
  const context = contextOf({ ...START, page: "results", ...change }, { classes: ["cat", "dog"] });
  const section = points(given, context);
  const canvas = section.querySelector("canvas.points");
  if (canvas) Object.defineProperties(canvas, { clientWidth: { value: 720 }, clientHeight: { value: 480 } });
  const send = (type, more = {}) => canvas.dispatchEvent(Object.assign(new Event(type), more));
  return { context, section, canvas, send, tip: section.querySelector(".tip") };
}

test("each sample has its colour, those taken for another class a ring, each class its name", () => {
  const { canvas } = drawn();
  const calls = canvas.pen.calls;
  assert.deepEqual(calls.filter(([name]) => name === "fill").map(([, colour]) => colour), ["#3f90da", "#ffa90e", "#ffa90e"]);
  assert.equal(calls.filter(([name]) => name === "stroke").length, 1);
  assert.deepEqual(calls.filter(([name]) => name === "fillText").map(([, , text]) => text), ["cat", "dog"]);
});

test("who rests on a point sees its sample, who presses it enters", () => {
  const { send, tip, context } = drawn();
  assert.ok(tip.hasAttribute("hidden"));
  send("pointermove", { offsetX: 20, offsetY: 353 }); // the first one: both axes have one scale
  assert.ok(!tip.hasAttribute("hidden"));
  assert.match(tip.textContent, /cat 90\.0.%.*sample 4/);
  assert.ok(tip.querySelector("canvas"));
  send("pointermove", { offsetX: 360, offsetY: 20 });
  assert.ok(tip.hasAttribute("hidden"));
  send("click");
  assert.deepEqual(context.asked, []);
  send("pointermove", { offsetX: 700, offsetY: 353 });
  send("click");
  assert.deepEqual(context.asked[0], ["act", "input", { sample: 8 }]);
});

test("arrow keys go from point to point, Enter enters", () => {
  const { send, tip, context } = drawn();
  send("keydown", { key: "ArrowRight" });
  assert.match(tip.textContent, /sample 4/);
  send("keydown", { key: "ArrowRight" });
  assert.match(tip.textContent, /sample 8/);
  send("keydown", { key: "ArrowUp" });
  assert.match(tip.textContent, /cat 60\.0.%is dogsample 15/);
  send("keydown", { key: "ArrowUp" }); // there is none
  assert.match(tip.textContent, /sample 15/);
  send("keydown", { key: "Enter" });
  assert.deepEqual(context.asked[0], ["act", "input", { sample: 15 }]);
});

test("another way of placing is another place of the page", () => {
  const { section, context } = drawn(message, { plane: "pca" });
  section.querySelectorAll(".segments button")[1].dispatchEvent(new Event("click"));
  assert.deepEqual(context.asked, [["go", { plane: "tsne" }, "replace"]]);
});

test("a saved page has no pictures of them, values have shades, one sample is in the middle", () => {
  const { send, tip } = drawn({ ...message, looks: null, methods: [], sure: null, truth: [1.5, 2, null], said: [1, 2, 3] });
  send("keydown", { key: "ArrowDown" });
  assert.match(tip.textContent, /1.*is 1\.5.*sample 4/);
  const one = drawn({ ...message, points: { ...message.points, shape: [1, 2], data: bytes([5, 5]) }, samples: [4], truth: [0], said: [0], sure: [1] });
  one.send("pointermove", { offsetX: 360, offsetY: 240 });
  assert.match(one.tip.textContent, /sample 4/);
});

test("words stand where it is on its way, or cannot be had", () => {
  assert.match(points(undefined, contextOf(START, { classes: [] })).textContent, /Placing the samples/);
  assert.match(drawn(new Error("no numbers")).section.textContent, /no numbers/);
});
