import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.js";
import { formula, parse, tokens } from "../../../convscope/web/static/draw/formula.js";

/** mfrac(a b): what stands in what. @param {Element} element @returns {string} */
const drawn = (element) => (element.children.length ? `${element.localName}(${Array.from(element.children, drawn).join(" ")})` : element.textContent ?? "");

const sketch = (/** @type {string} */ text) => parse(text).map(drawn).join(" ");

test("a division becomes a fraction without its brackets", () => {
  assert.equal(sketch("(a + b)/(c)"), "mfrac(mrow(a + b) mrow(c))");
});

test("an index goes below, a power above", () => {
  assert.equal(sketch("y[o, r]"), "msub(y mrow(o , r))");
  assert.equal(sketch("x²"), "msup(x 2)");
  assert.equal(sketch("f·c₋₁"), "f · msub(c −1)");
});

test("a size formula keeps its floor", () => {
  assert.equal(sketch("⌊7/2⌋ + 1"), "mrow(⌊ mfrac(7 2) ⌋) + 1");
});

test("thousands are one number, indices are several", () => {
  assert.deepEqual(tokens("13,456,789.5"), ["13,456,789.5"]);
  assert.equal(sketch("1,024"), "1\u202f024");
  assert.equal(sketch("y[0, 12, 7]"), "msub(y mrow(0 , 12 , 7))");
});

test("what is no formula is set as it stands", () => {
  for (const text of ["", "(", ")))", "a[", "x / ", "√", "…", "max { 3, 4 }", "−", "^", "1e-5 ("]) {
    assert.ok(Array.isArray(parse(text)), text);
  }
});

test("no sign of a formula is lost", () => {
  for (const text of ["y[o,r] = b[o] + Σ x[i, r+u]·w[o,i,u]", "⌊(28 + 2·2 − 5)/1⌋ + 1 = 28", "exp(3.25) = 25.79", "−1.5×10⁻⁶"]) {
    assert.equal(tokens(text).join("").replace(/\s/g, ""), text.replace(/\s/g, ""));
  }
});

test("the words of a formula stay readable for everybody", () => {
  assert.equal(formula("a/b").getAttribute("title"), "a/b");
});

test("a power of ten is written as one", () => {
  assert.equal(sketch("1 + 1e−05"), "1 + mrow(1 · msup(10 −5))");
  assert.equal(sketch("2.5e+12"), "mrow(2.5 · msup(10 12))");
});

test("a line may break before each equals sign and each part of a sum", () => {
  const broken = (/** @type {string} */ text) => Array.from(formula(text).querySelectorAll("math"), (math) => math.textContent);
  assert.deepEqual(broken("a + b = c = −3"), ["a", "+b", "=c", "=−3"]);
  assert.deepEqual(broken("tanh(x·w + b − (−2))"), ["tanh(x·w", "+b", "−(−2))"]);
  assert.deepEqual(broken("(1 + 2/3)·4"), ["(1+23)·4"]); // grows with its fraction, in one piece
});

test("small digits, high and low, are powers and indices", () => {
  assert.equal(sketch("0.9998 / (7.4×10⁻⁵)"), "mfrac(0.9998 mrow(7.4 × msup(10 −5)))");
  assert.equal(sketch("y = x₀ + x₁²"), "y = msub(x 0) + msup(msub(x 1) 2)");
});
