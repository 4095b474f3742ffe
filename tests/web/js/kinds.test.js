import assert from "node:assert/strict";
import { test } from "node:test";

import { fold, logitsOf, mapsBefore, runningSum, softmax, span, stretches, thin, ticks } from "../../../convscope/web/static/views/channel/kinds.js";
import { slice } from "../../../convscope/web/static/draw/plane.js";

const step = (name, formula, numbers, value, terms = null) => ({ name, formula, numbers, value, code: "", terms });

test("the running sum goes from the bias to the number, largest part first", () => {
  const found = runningSum([{ sum: 1 }, { sum: -4 }, { sum: 2 }], 0.5, 2);
  assert.deepEqual(found.shown.map(({ part, from, to }) => [part.sum, from, to]), [[-4, 0.5, -3.5], [2, -3.5, -1.5]]);
  assert.deepEqual(found.rest, { count: 1, sum: 1, from: -1.5, to: -0.5 });
  assert.equal(found.total, -0.5);
  assert.deepEqual([found.low, found.high], [-3.5, 0.5]);
});

test("a scale always has its zero, and leaves out what is infinite", () => {
  assert.deepEqual(span([3, 5]), [0, 5]);
  assert.deepEqual(span([-2, Infinity, NaN]), [-2, 0]);
});

test("a long line keeps its peaks", () => {
  const values = new Float32Array(10_000);
  values[1234] = 9;
  values[8765] = -9;
  const points = thin(values, 100);
  assert.ok(points.length <= 200);
  assert.ok(points.some(([place, value]) => place === 1234 && value === 9));
  assert.ok(points.some(([place, value]) => place === 8765 && value === -9));
  assert.deepEqual(points.map(([place]) => place), [...points.map(([place]) => place)].sort((a, b) => a - b));
  assert.deepEqual(thin([4, 2], 5), [[0, 4], [1, 2]]);
});

test("ticks are round and end with the last place", () => {
  assert.deepEqual(ticks(3), [0, 1, 2]);
  assert.deepEqual(ticks(140), [0, 20, 40, 60, 80, 100, 120, 139]);
  assert.deepEqual(ticks(128), [0, 20, 40, 60, 80, 100, 127]);
});

test("neighbouring places are one stretch", () => {
  assert.deepEqual(stretches([3, 4, 5, 9]), [[3, 5], [9, 9]]);
  assert.deepEqual(stretches([]), []);
});

test("softmax of large logits stays finite and adds up to 1", () => {
  const { largest, powers, sum, shares } = softmax([1000, 1001, -1000]);
  assert.equal(largest, 1001);
  assert.equal(powers[1], 1);
  assert.equal(powers[2], 0);
  assert.ok(Math.abs(sum - 1 - Math.exp(-1)) < 1e-15);
  assert.ok(Math.abs(shares[0] + shares[1] + shares[2] - 1) < 1e-15);
});

test("of many classes the probable ones stay in sight, and those that must", () => {
  assert.deepEqual(fold([0.1, 0.9], 5), { kept: [0, 1], folded: [] });
  const { kept, folded } = fold([0.1, 0.4, 0.05, 0.3, 0.15], 2, [2, null]);
  assert.deepEqual(kept, [1, 3, 2]);
  assert.deepEqual(folded, [0, 4]);
  const thousand = Array.from({ length: 1000 }, () => 0.001);
  const all = fold(thousand, 12, [999]);
  assert.equal(all.kept.length + all.folded.length, 1000);
});

test("the logits of a softmax are in its proof", () => {
  const terms = { axes: ["place"], rule: "max", values: [1, 2], factors: { input: [1, 2] }, places: {}, result: 2 };
  assert.deepEqual(logitsOf({ steps: [step("largest", "m = max x", "", 2, terms)] }), [1, 2]);
  assert.equal(logitsOf({ steps: [] }), null);
  assert.equal(logitsOf(null), null);
});

test("the maps before a linear layer are found through what only moves numbers", () => {
  const operation = (index, op, shape, inputs, reshapes = false) => ({ index, op, shape, inputs, reshapes, noise: op === "dropout" });
  const chain = [operation(0, "relu", [1, 32, 7, 7], [-1]), operation(1, "flatten", [1, 1568], [0], true), operation(2, "dropout", [1, 1568], [1]), operation(3, "linear", [1, 10], [2])];
  assert.equal(mapsBefore(chain, 3, 1568)?.index, 0);
  assert.equal(mapsBefore([operation(0, "relu", [1, 20], [-1]), operation(1, "linear", [1, 10], [0])], 1, 20), null);
  assert.equal(mapsBefore([operation(1, "linear", [1, 10], [-1])], 1, 20), null);
});

test("a slice of a volume along each axis", () => {
  const values = Float32Array.from({ length: 24 }, (_, at) => at); // 2×3×4
  assert.deepEqual([...slice(values, [2, 3, 4], 0, 1).values], [12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);
  assert.deepEqual([...slice(values, [2, 3, 4], 1, 2).values], [8, 9, 10, 11, 20, 21, 22, 23]);
  const last = slice(values, [2, 3, 4], 2, 3);
  assert.deepEqual([[...last.values], last.height, last.width], [[3, 7, 11, 15, 19, 23], 2, 3]);
});
