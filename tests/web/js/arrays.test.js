import assert from "node:assert/strict";
import { test } from "node:test";
import { length, limit, ravel, row, unpack, unravel } from "../../../convscope/web/static/draw/arrays.js";

const base64 = (/** @type {ArrayBufferView} */ view) => Buffer.from(view.buffer).toString("base64");

test("raw numbers arrive bit by bit", () => {
  const values = Float32Array.of(0.1, -1e-30, 3e38, -0);
  const got = unpack({ dtype: "f32", shape: [4], data: base64(values), low: 0, high: 0 });
  assert.deepEqual([...got], [...values]);
});

test("grey ones are stretched to their range", () => {
  const got = unpack({ dtype: "u8", shape: [3], data: base64(Uint8Array.of(0, 51, 255)), low: -1, high: 4 });
  assert.deepEqual([...got], [-1, 0, 4]);
});

test("places and indices are each other's inverse", () => {
  const shape = [3, 4, 5];
  for (let flat = 0; flat < length(shape); flat += 1) assert.equal(ravel(unravel(flat, shape), shape), flat);
  assert.equal(length([]), 1);
});

test("a row of the first axis", () => {
  assert.deepEqual([...row(Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2], 1)], [3, 4]);
});

test("the end of a scale is finite and not zero", () => {
  assert.equal(limit([0, 0]), 1);
  assert.equal(limit([Number.NaN, -3, Infinity, 2]), 3);
});
