import assert from "node:assert/strict";
import { test } from "node:test";
import { portions } from "../../../convscope/web/static/views/map/boxes.js";
import { edges, leading } from "../../../convscope/web/static/views/map/edges.js";
import { branches } from "../../../convscope/web/static/views/map/glyph.js";
import { layout, plan } from "../../../convscope/web/static/views/map/layout.js";
import { SCALES, sizer, spacesOf } from "../../../convscope/web/static/views/map/sizes.js";
import { costliest, heaviest, short, tree } from "../../../convscope/web/static/views/map/tree.js";
import { step, stops } from "../../../convscope/web/static/views/map/walk.js";

/** As the server says it: what stands on the map. */
const shown = (op, inputs) => ({ drawn: inputs.length < 2 ? "box" : op === "cat" ? "parts" : op === "add" ? "join" : "box", sign: op === "add" ? "+" : "" });

/** A graph from lines "name op module inputs": the least that a layout needs. */
function graph(lines, modules = [["", null]]) {
  const operations = lines.map(([name, op, module, inputs, shape = [1, 8, 4, 4]], index) => ({ index, name, op, what: op, module, inputs, shape, parameters: op === "conv2d" ? 10 : 0, macs: 0, seconds: 0, reshapes: false, noise: false, ...shown(op, inputs), explained: true, signed: false, thumbnail: null }));
  return {
    trace: "t", operations, prediction: null, failure: null, suspicions: [], edited: [],
    modules: modules.map(([path, parent, kind = "Block"], index) => ({ index, path, parent, kind, same: "" })),
    input: { caption: "", place: null, change: "", sample: null, label: null, look: { kind: "image", names: [], numbers: { dtype: "u8", shape: [1, 28, 28], data: "", low: 0, high: 1 } } },
    totals: { parameters: 0, macs: 0, seconds: 0, bytes: 0 },
  };
}

function laidOut(made, { asked = [], selected = null, width = 900, scale = SCALES[2] } = {}) {
  const planned = plan(made, asked, selected);
  return { planned, ...layout(planned, { sizeOf: sizer(scale, made), spaces: spacesOf(scale), width, end: null, meet: () => null }) };
}

const chainOf = (count, module = () => 0) => Array.from({ length: count }, (_, at) => [`layer${at}`, at % 2 ? "relu" : "conv2d", module(at), [at - 1]]);

const inception = () => graph([
  ["stem", "conv2d", 0, [-1]],
  ["block.a", "conv2d", 1, [0], [1, 16, 4, 4]],
  ["block.b", "conv2d", 1, [0]],
  ["block.c", "conv2d", 1, [2], [1, 24, 4, 4]],
  ["block.pool", "avg_pool2d", 1, [0]],
  ["block.cat", "cat", 1, [1, 3, 4], [1, 48, 4, 4]],
  ["after", "conv2d", 0, [5]],
  ["more", "relu", 0, [6]],
  ["most", "relu", 0, [7]],
  ["end", "relu", 0, [8]],
], [["", null], ["block", 0, "Inception"]]);

test("a chain stands in lines, and no two boxes overlap", () => {
  const { cells, lines } = laidOut(graph(chainOf(30)));
  const boxes = cells.filter(({ element }) => element.type === "box");
  assert.equal(boxes.length, 30);
  assert.ok(lines > 1);
  for (const a of boxes) for (const b of boxes) {
    if (a !== b) assert.ok(a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y);
  }
  assert.ok(boxes.every(({ x, w }) => x >= 0 && x + w <= 900));
});

test("a long row of pills breaks rather than stand over the edge", () => {
  const made = graph(chainOf(30));
  for (const op of made.operations.slice(1)) Object.assign(op, { op: "scaled_view", reshapes: true, drawn: "pill" });
  const { cells } = laidOut(made, { width: 600 });
  assert.ok(cells.every(({ x, w }) => x >= 0 && x + w <= 600));
});

test("branches become lanes, one below the other, and cat spans them", () => {
  const { cells } = laidOut(inception());
  const lanes = cells.find(({ element }) => element.type === "lanes");
  assert.equal(lanes.flows.length, 3);
  const tops = lanes.flows.map(({ y }) => y);
  assert.deepEqual(tops, tops.toSorted((a, b) => a - b));
  const cat = cells.find(({ element }) => element.block?.op?.op === "cat");
  assert.ok(cat.h > 2 * SCALES[2].picture);
  assert.equal(cat.y, lanes.y);
});

test("what each branch brings to cat adds up", () => {
  const made = inception();
  const parts = portions(made.operations[5], made);
  assert.deepEqual(parts.map(({ size }) => size), [16, 24, 8]);
  assert.ok(Math.abs(parts.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-9);
});

test("a skip runs over what it skips", () => {
  const made = graph([["a", "conv2d", 0, [-1]], ["b", "conv2d", 0, [0]], ["c", "relu", 0, [1]], ["sum", "add", 0, [0, 2]]]);
  const { cells, edges: drawn } = laidOut(made);
  assert.ok(cells.every(({ element }) => element.type !== "lanes"));
  const skip = drawn.find(({ from, to }) => from.element.block?.name === "a" && to.element.block?.name === "sum");
  const top = cells.find(({ element }) => element.block?.name === "b").y;
  const heights = skip.d.match(/-?[\d.]+ (-?[\d.]+)/g).map((pair) => Number(pair.split(" ")[1]));
  assert.ok(Math.min(...heights) < top);
});

test("equal blocks in a row are one, and open by their key", () => {
  const modules = [["", null], ...Array.from({ length: 6 }, (_, at) => [`blocks.${at}`, 0])];
  const lines = [["stem", "conv2d", 0, [-1]], ...chainOf(30, (at) => 1 + Math.floor(at / 5)).map(([name, op, module, [from]], at) => [name, ["conv2d", "relu", "conv2d", "relu", "gelu"][at % 5], module, [from + 1]])];
  const made = graph(lines, modules);
  const root = tree(made);
  assert.deepEqual(root.children.map(({ type }) => type), ["op", "run"]);
  assert.equal(root.children[1].children.length, 6);
  const { planned } = laidOut(made, { asked: [root.children[1].key] });
  assert.equal(new Set(planned.boxes.values()).size, 7);
});

test("a block opens around the selection, and stays shut where the person shut it", () => {
  const made = inception();
  assert.equal(new Set(plan(made, ["!block"], null).boxes.values()).size, 6);
  assert.ok(new Set(plan(made, [], 2).boxes.values()).size > 6);
});

test("edges between boxes are drawn once, and keep their operations", () => {
  const made = inception();
  const planned = plan(made, ["!block"], null);
  const into = edges(made.operations, planned.boxes).find(({ from, to }) => from?.name === "stem" && to.name === "block");
  assert.deepEqual(into.ops, [[0, 1], [0, 2], [0, 4]]);
});

test("what leads to an operation", () => assert.deepEqual([...leading(inception().operations, 3)].sort((a, b) => a - b), [-1, 0, 2, 3]));

test("the drawing of a folded block has its branches", () => {
  const [, block] = tree(inception()).children;
  assert.deepEqual(branches(block), [1, 2, 1]);
});

test("arrow keys follow the edges", () => {
  const made = laidOut(inception());
  const [stem] = stops(made);
  const right = step(made, stem, "right");
  assert.equal(right.element.block.name, "block.a");
  assert.equal(step(made, right, "down").element.block.name, "block.b");
  assert.equal(step(made, right, "left"), stem);
  assert.equal(step(made, stem, "last").element.block.name, "end");
});

test("names are as short as they still say which", () => {
  assert.equal(short("net.encoder.stages.0.layers.1.convolution"), "convolution");
  assert.equal(short("blocks.0"), "blocks.0");
  assert.equal(short("fc"), "fc");
});

test("five thousand operations are laid out in a moment, as a few boxes", () => {
  const made = graph(chainOf(5000));
  const start = performance.now();
  const { cells } = laidOut(made);
  assert.ok(performance.now() - start < 500);
  assert.ok(cells.length <= 62);
});

test("a dense net, where everything reaches everything, is laid out too", () => {
  const lines = Array.from({ length: 40 }, (_, at) => [`l${at}`, at % 2 ? "conv2d" : "cat", 0, at ? Array.from({ length: at }, (_, from) => from) : [-1]]);
  const { cells, height } = laidOut(graph(lines));
  assert.ok(cells.length >= 40);
  assert.ok(height < 4000);
});

test("a box is as wide as its type is long, up to a limit", () => {
  const widths = ["ReLU", "F.max_pool2d 3×3", "ConvTranspose2d 4×4", "A very long name that nobody reads"].map((what) => {
    const made = graph([["a", "op", 0, [-1]], ["b", "relu", 0, [0]]]);
    made.operations[0].what = what;
    return laidOut(made).cells.find(({ element }) => element.type === "box").w;
  });
  assert.deepEqual(widths, widths.toSorted((a, b) => a - b));
  assert.ok(widths[0] < widths[1] && widths[1] < widths[2] && widths[3] <= 108, widths.join());
});

test("what costs most are blocks that can be told apart", () => {
  const names = [1, 2].flatMap((block) => ["a", "b", "c", "d"].map((each) => [`body.block${block}.${each}`, block + 1]));
  const made = graph(names.map(([name, module], at) => [name, "conv2d", module, [at - 1]]), [["", null], ["body", 0, "Body"], ["body.block1", 1], ["body.block2", 1]]);
  made.operations.forEach((op, at) => (op.macs = at < 4 ? 1 : 10 + at));
  const found = costliest(tree(made), "macs", 5);
  assert.equal(new Set(found.map(({ name }) => name)).size, found.length);
  assert.ok(found.some(({ op, macs }) => !op && macs === 4), "the smaller block stays whole");
  assert.equal(made.operations[heaviest(tree(made), "macs")].name, "body.block2.d");
  assert.equal(found.reduce((sum, { macs }) => sum + macs, 0), made.operations.reduce((sum, { macs }) => sum + macs, 0));
});

test("a network of one operation has a map", () => {
  const made = graph([["rnn", "rnn_relu", 0, [-1]]]);
  const { cells, edges: drawn } = laidOut(made);
  assert.equal(tree(made).last, made.operations[0]);
  assert.equal(cells.filter((cell) => cell.element.type === "box").length, 1);
  assert.equal(drawn.length, 1);
});
