import assert from "node:assert/strict";
import { test } from "node:test";
import { blend, css, inkOn, step } from "../../../convscope/web/static/draw/colour.js";

test("a map begins and ends with its stops", () => {
  const table = blend(["#205080", "#ffffff", "#a04010"]);
  assert.deepEqual([...table.subarray(0, 4)], [0x20, 0x50, 0x80, 255]);
  assert.deepEqual([...table.subarray(4 * 255)], [0xa0, 0x40, 0x10, 255]);
});

test("zero is in the middle of a signed map and at the beginning of the others", () => {
  assert.ok([127, 128].includes(step(0, "signed", 5)));
  assert.equal(step(-5, "signed", 5), 0);
  assert.equal(step(5, "signed", 5), 255);
  assert.equal(step(0, "positive", 5), 0);
});

test("what lies outside stays on the scale", () => {
  assert.equal(step(1e9, "positive", 1), 255);
  assert.equal(step(-1e9, "signed", 1), 0);
  assert.equal(step(Number.NaN, "signed", 1), step(0, "signed", 1)); // not the most negative one
});

test("ink has a contrast of 4.5 on every grey", () => {
  const luminance = (/** @type {number} */ grey) => (grey / 255 <= 0.04045 ? grey / 255 / 12.92 : ((grey / 255 + 0.055) / 1.055) ** 2.4);
  for (let grey = 0; grey < 256; grey += 1) {
    const paper = luminance(grey);
    const contrast = inkOn([grey, grey, grey]) === "#fff" ? 1.05 / (paper + 0.05) : (paper + 0.05) / 0.05;
    assert.ok(contrast >= 4.5, css([grey, grey, grey]));
  }
});
