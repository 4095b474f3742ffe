import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.js";

const { formula, fraction, power, row, written } = await import("../../../convscope/web/static/draw/formula.js");

/** mfrac(a b) @returns {string} */
const sketch = (/** @type {any} */ node) => (node.children.length ? `${node.localName}(${Array.from(node.children, sketch).join(" ")})` : node.textContent);

test("what the server sends is drawn as it is, a line may break between its parts", () => {
  const drawn = formula({ text: "a = 1/2", math: [["mrow", ["mi", "a"]], ["mrow", ["mo", "="], ["mfrac", ["mn", "1"], ["mn", "2"]]]], beside: [] });
  assert.equal(drawn.getAttribute("title"), "a = 1/2");
  assert.deepEqual(Array.from(drawn.children, (part) => part.localName), ["math", "wbr", "math", "wbr"]);
  assert.equal(sketch(drawn.children[2]), "math(mrow(= mfrac(1 2)))");
});

test("a sign that begins a line stands between two numbers, not before one", () => {
  const drawn = formula({ text: "", math: [["mrow", ["mo", "−"], ["mn", "2"]], ["mrow", ["mo", "+"], ["mn", "1"]]], beside: [] });
  assert.deepEqual(Array.from(drawn.querySelectorAll("mo"), (sign) => sign.getAttribute("form")), [null, "infix"]);
});

test("the page puts its own together", () => {
  const made = written(power("e", row("z", "−", "m")), "=", fraction(1, "p"));
  assert.equal(made.text, "e^(z − m) = 1/p");
  assert.equal(sketch(formula(made).children[0]), "math(mrow(msup(e mrow(z − m)) = mfrac(1 p)))");
});

test("nothing of it is read as markup", () => {
  const drawn = formula({ text: "<b>", math: [["mtext", "<b>x</b>"]], beside: [] });
  assert.equal(drawn.querySelector("b"), null);
});

test("words in the place of a formula are words", () => {
  const drawn = formula({ text: "the first of them", math: [["mrow", ["mtext", "the first of them"]]], beside: [] });
  assert.equal(drawn.textContent, "the first of them");
  assert.equal(drawn.querySelector("math"), null);
});
