import assert from "node:assert/strict";
import { test } from "node:test";
import { filtered, flipped, normalised, outputShape, padded, pooled, resized, source, taps } from "../../../convscope/web/static/views/filters/convolve.js";
import { short, typedNumber } from "../../../convscope/web/static/views/input/grid.js";
import { nested, split } from "../../../convscope/web/static/views/whatif.js";

/** @typedef {import("../../../convscope/web/static/views/filters/convolve.js").Settings} Settings */

/** @param {Partial<Settings>} [more] @returns {Settings} */
const settings = (more) => ({ kernel: [[0, 0, 0], [0, 1, 0], [0, 0, 0]], padding: "zeros", stride: 1, dilation: 1, ...more });
const plane = { values: Float32Array.from({ length: 12 }, (_, at) => at), height: 3, width: 4 };

test("the edge goes on, is mirrored, comes from the other side, or is zero", () => {
  const row = (/** @type {any} */ padding) => [-2, -1, 0, 3, 4, 5].map((place) => source(place, 4, padding));
  assert.deepEqual(row("replicate"), [0, 0, 0, 3, 3, 3]);
  assert.deepEqual(row("reflect"), [2, 1, 0, 3, 2, 1]);
  assert.deepEqual(row("circular"), [2, 3, 0, 3, 0, 1]);
  assert.deepEqual(row("zeros"), [-1, -1, 0, 3, -1, -1]);
});

test("identity keeps everything; blur of ones is one where no zeros come in", () => {
  assert.deepEqual([...filtered(plane, settings()).values], [...plane.values]);
  const ones = { values: new Float32Array(12).fill(1), height: 3, width: 4 };
  const blur = settings({ kernel: normalised([[1, 1, 1], [1, 1, 1], [1, 1, 1]]), padding: "replicate" });
  assert.ok(filtered(ones, blur).values.every((value) => Math.abs(value - 1) < 1e-6));
});

test("sizes follow the formula, with stride and dilation; a signal has one row", () => {
  assert.deepEqual(outputShape(plane, settings({ padding: "none" })), [1, 2]);
  assert.deepEqual(outputShape({ ...plane, height: 28, width: 28 }, settings({ stride: 2 })), [14, 14]);
  assert.deepEqual(outputShape({ ...plane, height: 28, width: 28 }, settings({ padding: "none", dilation: 3 })), [22, 22]);
  assert.deepEqual(outputShape({ values: new Float32Array(10), height: 1, width: 10 }, settings({ kernel: [[1, 0, -1]], padding: "none" })), [1, 8]);
});

test("sums are the taps times the kernel, with a stride", () => {
  const signal = { values: Float32Array.of(1, 2, 4, 8, 16), height: 1, width: 5 };
  const at = settings({ kernel: [[-1, 0, 1]], stride: 2 });
  assert.deepEqual([...filtered(signal, at).values], [2, 6, -8]);
  assert.deepEqual(taps(signal, at, [0, 0]), [-1, 0, 1]);
});

test("what stands around the edge can be looked at", () => {
  const { values, height, width, room } = padded({ values: Float32Array.of(1, 2, 3, 4), height: 2, width: 2 }, settings({ padding: "replicate" }));
  assert.deepEqual([height, width, room], [4, 4, [1, 1]]);
  assert.deepEqual([...values.subarray(0, 4)], [1, 1, 2, 2]);
});

test("pooling takes the largest or the mean of every two by two", () => {
  assert.deepEqual([...pooled(plane, "max").values], [5, 7]);
  assert.deepEqual([...pooled(plane, "mean").values], [2.5, 4.5]);
  assert.equal(pooled(plane, ""), plane);
});

test("kernels are resized around their middle, normalised, turned", () => {
  assert.deepEqual(resized([[1, 2, 3]], 1, 5), [[0, 1, 2, 3, 0]]);
  assert.deepEqual(resized([[1, 2, 3, 4, 5]], 1, 3), [[2, 3, 4]]);
  assert.deepEqual(resized([[5, 5, 5], [5, 9, 5], [5, 5, 5]], 5, 5)[2], [0, 5, 9, 5, 0]);
  assert.deepEqual(normalised([[-1, 0, 1]]), [[-0.5, 0, 0.5]]);
  assert.deepEqual(normalised([[0, 0]]), [[0, 0]]);
  assert.deepEqual(flipped([[1, 2], [3, 4]]), [[4, 3], [2, 1]]);
});

test("numbers as people write them", () => {
  assert.deepEqual(["0.5", "−1", "1/9", "0,25", "", "x", "1/2/3"].map(typedNumber), [0.5, -1, 1 / 9, 0.25, null, null, null]);
  assert.equal(short(-0.12345), "−0.123");
});

test("a kernel goes into rows by depth and back", () => {
  for (const size of [[3], [2, 3], [2, 2, 3]]) {
    const flat = Float32Array.from({ length: size.reduce((a, b) => a * b) }, (_, at) => at);
    assert.deepEqual([nested(split(flat, size), size.length)].flat(4), [...flat]);
  }
});
