/** The numbers that a view shows are read from what it drew, and added up again here. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { drawing, SCENES } from "./scenes.js";

/** As people read it: "−1.8×10⁻⁶" is −1.8e-6. */
function number(text) {
  const plain = text.trim().replaceAll("−", "-").replaceAll("\u202f", "").replace(/×10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)/, (_, raised) => `e${raised.replace("⁻", "-").replace(/[^-]/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(digit))}`);
  return Number(plain);
}

const near = (one, other, digits) => assert.ok(Math.abs(one - other) <= digits, `${one} is not ${other}`);
const sum = (values) => values.reduce((total, value) => total + value, 0);

/** The box of a scene, with what was drawn inside. */
async function box(network, name) {
  const [view, state] = SCENES[network][name];
  const { draw, found, context } = await drawing({ network, view, state });
  const made = document.createElement("div");
  made.append(...draw());
  return { box: made, found, at: context.state.at };
}

/** What each tap's cell says in full, in the grids of one name. */
function cells(made, name) {
  return new Map(Array.from(made.querySelectorAll(`.cells[aria-label$="${name}"] [data-tap]`), (cell) => [cell.getAttribute("data-tap"), number(cell.getAttribute("title").split(": ").pop())]));
}

for (const network of ["image", "signal", "volume", "transposed"]) {
  test(`${network}: window × kernel = products, their sums and the bias are the number`, async () => {
    const { box: made, found } = await box(network, "convolution");
    const [windows, kernel, products] = ["window", "kernel", "products"].map((name) => cells(made, name));
    assert.ok(products.size > 0);
    for (const [tap, product] of products) near(windows.get(tap) * kernel.get(tap), product, 1e-6 * Math.abs(product) + 1e-12);
    near(sum([...products.values()]), number(made.querySelector(".card .value").textContent.replace("Σ = ", "")), 6e-5);
    const rows = Array.from(made.querySelectorAll(".kind-ledger .row:not(.head) .number"), ({ textContent }) => number(textContent));
    const total = rows.pop();
    near(sum(rows), total, 6e-5 * rows.length);
    near(total, Number(/is (\S+)$/.exec(made.querySelector("[role=status]").textContent)[1].replace("−", "-")), 6e-5);
    assert.ok(found.channel.output);
  });
}

test("a pooled number is the largest of its window", async () => {
  const { box: made } = await box("image", "pooling");
  const shown = [...cells(made, "window").values()];
  near(Math.max(...shown), number(made.querySelector(".pool-answer .value").textContent), 1e-6);
});

test("the outputs of a linear layer: bias and maps add up to the number, products of all places to a map", async () => {
  const { box: made, found } = await box("image", "linear");
  const rows = Array.from(made.querySelectorAll(".kind-ledger .row:not(.head) .number"), ({ textContent }) => number(textContent));
  near(sum(rows.slice(0, -1)), rows.at(-1), 6e-5 * rows.length);
  near(rows.at(-1), found.number.network, 6e-5);
});

test("exponentials over their sum are the probabilities, and these add up to one", async () => {
  const { box: made } = await box("image", "softmax");
  const rows = Array.from(made.querySelectorAll(".kind-soft button.row[data-class]"), (row) => Array.from(row.querySelectorAll(".number"), ({ textContent }) => number(textContent)));
  const [logits, powers, shares] = [0, 1, 2].map((column) => rows.map((row) => row[column]));
  const most = Math.max(...logits);
  logits.forEach((logit, place) => near(Math.exp(logit - most), powers[place], 2e-3));
  powers.forEach((power, place) => near(power / sum(powers), shares[place], 2e-3));
  near(sum(shares), 1, 2e-4);
});

const SQUEEZE = { σ: (value) => 1 / (1 + Math.exp(-value)), tanh: Math.tanh, relu: (value) => Math.max(0, value) };

for (const network of ["lstm", "gru", "rnn"]) {
  test(`${network}: a gate's parts and biases together, squeezed, are its value`, async () => {
    const { box: made } = await box(network, "steps");
    const rows = Array.from(made.querySelectorAll(".kind-gates .row:not(.head)"));
    assert.equal(rows.length, { lstm: 4, gru: 3, rnn: 1 }[network]);
    for (const row of rows) {
      const [fromInput, fromState] = Array.from(row.querySelectorAll(".kind-cell"), ({ textContent }) => number(textContent));
      const [first, second, together, value] = Array.from(row.querySelectorAll(".number"), ({ textContent }) => textContent);
      const [bias, scale = "1"] = second.split(", ·");
      near(fromInput + number(first) + number(scale) * (fromState + number(bias)), number(together), 2e-3);
      near(SQUEEZE[row.querySelector(".squeeze math").textContent](number(together)), number(value), 2e-4);
    }
  });
}

test("the proof: sum and bias are what is computed here, and that is the network's own", async () => {
  const { box: made } = await box("image", "proof");
  const words = Array.from(made.querySelectorAll(".sum-table > span"), ({ textContent }) => textContent);
  const shown = Object.fromEntries(words.flatMap((word, place) => (place % 2 ? [] : [[word, number(words[place + 1])]])));
  near(shown["Σ of 12 terms"] + shown.bias, shown["computed here"], 2e-6);
  near(shown["computed here"], shown["the network's own"], 1e-6);
});
