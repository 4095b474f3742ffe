import assert from "node:assert/strict";
import { test } from "node:test";
import { unpack } from "../../../convscope/web/static/draw/arrays.js";
import { boxOf } from "../../../convscope/web/static/views/input/large.js";
import { parts, summed } from "../../../convscope/web/static/views/input/overlay.js";
import { shownClasses } from "../../../convscope/web/static/views/input/prediction.js";
import { centred, fitted, inked, traced } from "../../../convscope/web/static/views/input/strokes.js";
import { filled, mean, newest, pack, places, range, scale, way } from "../../../convscope/web/static/views/input/values.js";

/** @param {string} kind @param {number[]} shape */
const look = (kind, shape) => ({ kind: /** @type {any} */ (kind), names: [], numbers: pack(new Float32Array(shape.reduce((a, b) => a * b)), shape) });

test("numbers come back as they were packed", () => {
  const values = Float32Array.of(0.1, -3, 1e-30, 255);
  const packed = pack(values, [1, 2, 2]);
  assert.deepEqual([...unpack(packed)], [...values]);
  assert.deepEqual([packed.low, packed.high], [-3, 255]);
});

test("a scale is that of bytes, of 0..1, or a little more than the numbers have", () => {
  assert.deepEqual(scale(Float32Array.of(0, 200), "image"), [0, 255]);
  assert.deepEqual(scale(Float32Array.of(0, 0.9), "image"), [0, 1]);
  assert.deepEqual(scale(Float32Array.of(-10, 10), "signal"), [-12, 12]);
  assert.deepEqual(range([]), [0, 0]);
});

test("a box of places: every channel, one slice, a span of a signal; what lies outside is left out", () => {
  assert.deepEqual(places([2, 2, 3], { rows: [1, 2], columns: [2, 9] }), [5, 11]);
  assert.deepEqual(places([1, 2, 2, 2], { rows: [0, 1], columns: [0, 2], slice: 1 }), [4, 5]);
  assert.deepEqual(places([1, 5], { rows: [0, 1], columns: [3, 5] }), [3, 4]);
});

test("filling makes a copy", () => {
  const values = Float32Array.of(1, 2, 3);
  assert.deepEqual([...filled(values, [1], 9)], [1, 9, 3]);
  assert.deepEqual([...values], [1, 2, 3]);
  assert.equal(mean(values), 2);
});

test("a fast pointer leaves no holes", () => {
  assert.deepEqual(way([0, 0], [2, 4]), [[0, 0], [1, 1], [1, 2], [2, 3], [2, 4]]);
  assert.deepEqual(way([3, 3], [3, 3]), [[3, 3], [3, 3]]);
});

test("only the newest waits while one is under way", async () => {
  /** @type {number[]} */
  const sent = [];
  const send = newest(async (/** @type {number} */ body) => {
    sent.push(body);
    await new Promise((done) => setTimeout(done, 5));
  });
  [1, 2, 3].forEach(send);
  await new Promise((done) => setTimeout(done, 30));
  assert.deepEqual(sent, [1, 3]);
});

test("few classes stand in their order; of many the best, and the true one among them", () => {
  assert.deepEqual(shownClasses([0.1, 0.7, 0.2], null, 10), [0, 1, 2]);
  assert.deepEqual(shownClasses([0.1, 0.7, 0.05, 0.15], null, 2), [1, 3]);
  assert.deepEqual(shownClasses([0.1, 0.7, 0.05, 0.15], 2, 2), [1, 2]);
});

test("a receptive field is a share of the picture; the whole of a signal's height", () => {
  assert.deepEqual(boxOf([[0, 1], [0, 3], [2, 4], [4, 8]], look("image", [3, 8, 16])), { left: 0.25, top: 0.25, width: 0.25, height: 0.25 });
  assert.deepEqual(boxOf([[0, 1], [0, 1], [5, 10]], look("signal", [1, 20])), { left: 0.25, top: 0, width: 0.25, height: 1 });
  assert.equal(boxOf([[0, 1], [0, 12]], look("vector", [12])), null);
});

test("an attribution is summed over channels; of a volume one slice", () => {
  assert.deepEqual([...summed(Float32Array.of(1, 2, 10, 20), [2, 1, 2], [2, 1, 2], 0)], [11, 22]);
  assert.deepEqual([...summed(Float32Array.of(1, 2, 3, 4), [1, 2, 1, 2], [1, 2, 1, 2], 1)], [3, 4]);
  assert.deepEqual(parts("gradcam:3"), { method: "gradcam", target: "3" });
});

test("a drawing is as large as a digit of MNIST and in the middle", () => {
  const [stroke] = fitted([{ points: [[0.1, 0.1], [0.1, 0.3]], width: 0.02 }]);
  const length = stroke.points[1][1] - stroke.points[0][1] + 0.02;
  assert.ok(length > 0.5 && length <= 20 / 28 + 1e-9);
  assert.ok(Math.abs(stroke.points[0][0] - 0.5) < 1e-9);
});

test("ink covers what the pen touched, and the centre of mass goes to the middle", () => {
  const values = inked([{ points: [[0.125, 0.125], [0.125, 0.125]], width: 0.25 }], 8, 8);
  assert.ok(values[0] > 0.5 && values[63] === 0);
  const moved = centred(values, 8, 8);
  assert.ok(moved[3 * 8 + 3] > 0.5 && moved[0] === 0);
  assert.deepEqual([...centred(new Float32Array(4), 2, 2)], [0, 0, 0, 0]);
});

test("a line drawn by hand is the signal where it went", () => {
  const values = traced([{ points: [[0, 1], [1, 0]], width: 0.1 }], new Float32Array(5), [-1, 1]);
  assert.deepEqual([...values].map((value) => Math.round(value * 100) / 100), [-1, -0.5, 0, 0.5, 1]);
});
