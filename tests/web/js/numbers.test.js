import assert from "node:assert/strict";
import { test } from "node:test";
import * as numbers from "../../../convscope/web/static/draw/numbers.js";

test("a minus is a minus, and so is a fraction of one", () => {
  assert.equal(numbers.fixed(-1.5, 2), "−1.50");
  assert.equal(numbers.signed(0.25, 2), "+0.25");
  assert.equal(numbers.plain(-12.3456), "−12.35");
});

test("as few digits as say it, powers of ten beyond", () => {
  const said = [0, 0.123456, 1234567, 1.84e-6, 9.99e-5, 1e7, -2.5e12].map((value) => numbers.plain(value));
  assert.deepEqual(said, ["0", "0.1235", "1235000", "1.8×10⁻⁶", "1.0×10⁻⁴", "1.0×10⁷", "−2.5×10¹²"]);
});

test("what is no number is said", () => {
  assert.deepEqual([Number.NaN, Infinity, -Infinity].map((value) => numbers.plain(value)), ["NaN", "∞", "−∞"]);
  assert.deepEqual([numbers.fixed(NaN), numbers.signed(-Infinity), numbers.signed(Infinity), numbers.percent(NaN)], ["NaN", "−∞", "+∞", "NaN"]);
  const sent = /** @type {any} */ (null); // in a message
  assert.deepEqual([numbers.plain, numbers.fixed, numbers.signed, numbers.percent].map((said) => said(sent)), Array(4).fill("NaN/∞"));
});

test("counts, shapes, times, sizes, shares", () => {
  assert.equal(numbers.count(13456789), "13\u202f456\u202f789");
  assert.equal(numbers.shape([1, 16, 28]), "1×16×28");
  assert.equal(numbers.shape([]), "1");
  assert.deepEqual([2e-6, 0.0123, 2.5].map(numbers.time), ["2 µs", "12.30 ms", "2.50 s"]);
  assert.deepEqual([0, 512, 2048, 3 * 2 ** 30].map(numbers.size), ["0 B", "512 B", "2.0 KiB", "3.0 GiB"]);
  assert.equal(numbers.percent(0.1234), "12.3\u202f%");
});
