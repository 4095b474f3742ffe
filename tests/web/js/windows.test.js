import assert from "node:assert/strict";
import { test } from "node:test";

import { boxAt, nearest, padded, products, ranked, resultAt, seen, stepsOver, strongest, tapsAt, unread, walk } from "../../../convscope/web/static/views/channel/windows.js";

const length = (shape) => shape.reduce((all, size) => all * size, 1);
const numbers = (count, seed = 1) => Float32Array.from({ length: count }, (_, at) => Math.sin(seed * 12.9898 + at * 78.233));
const places = (shape) => shape.reduce((all, size) => all.flatMap((one) => Array.from({ length: size }, (_, at) => [...one, at])), [[]]);

function slide(change, space, channels = 3) {
  const axes = space.length;
  const window = { kind: "convolution", rule: "sum", kernel: Array(axes).fill(3), stride: Array(axes).fill(1), padding: Array.from({ length: axes }, () => [0, 0]), dilation: Array(axes).fill(1), groups: 1, channels: Array.from({ length: channels }, (_, at) => at), bias: 0.5, ...change };
  const steps = window.steps ?? space.map((size, axis) =>
    window.kind === "transposed"
      ? (size - 1) * window.stride[axis] - window.padding[axis][0] - window.padding[axis][1] + window.dilation[axis] * (window.kernel[axis] - 1) + 1
      : Math.floor((size + window.padding[axis][0] + window.padding[axis][1] - window.dilation[axis] * (window.kernel[axis] - 1) - 1) / window.stride[axis]) + 1);
  const taps = length(window.kernel);
  return { window, input: numbers(channels * length(space)), weight: window.kind === "pooling" ? null : numbers(channels * taps, 2), space, steps, taps };
}

/** The same sum, written as the formula says, for every number. */
function slowly({ window, input, weight, space, taps }, at) {
  let sum = window.bias;
  window.channels.forEach((channel) => {
    places(window.kernel).forEach((tap, flat) => {
      const where = at.map((step, axis) => step * window.stride[axis] - window.padding[axis][0] + tap[axis] * window.dilation[axis]);
      if (where.some((place, axis) => place < 0 || place >= space[axis])) return;
      sum += input[channel * length(space) + where.reduce((all, place, axis) => all * space[axis] + place, 0)] * weight[channel * taps + flat];
    });
  });
  return sum;
}

const cases = {
  "1 axis": [{}, [9]],
  "2 axes, padded": [{ padding: [[1, 1], [2, 0]] }, [5, 6]],
  "stride and dilation": [{ stride: [2, 3], dilation: [2, 1], padding: [[2, 2], [1, 1]] }, [9, 8]],
  "3 axes": [{ kernel: [2, 3, 1], padding: [[1, 0], [1, 1], [0, 0]] }, [3, 4, 5]],
  "one tap": [{ kernel: [1, 1] }, [4, 4]],
};
for (const [name, [change, space]] of Object.entries(cases)) {
  test(`a convolution's numbers: ${name}`, () => {
    const made = slide(change, space);
    for (const at of places(made.steps)) {
      const found = resultAt(made, at);
      assert.ok(Math.abs(found.result - slowly(made, at)) < 1e-12);
      assert.ok(Math.abs(found.parts.reduce((sum, part) => sum + part.sum, 0.5) - found.result) < 1e-12);
      assert.ok(found.size >= Math.abs(found.result));
    }
  });
}

test("a transposed convolution: what each input lays down adds up", () => {
  for (const change of [{ stride: [2, 2], padding: [[1, 1], [0, 0]] }, { stride: [3, 1], dilation: [1, 2] }, {}]) {
    const made = slide({ kind: "transposed", ...change }, [4, 3], 2);
    const { window } = made;
    const out = new Float64Array(length(made.steps)).fill(0.5);
    for (const channel of [0, 1]) {
      for (const from of places([4, 3])) {
        places([3, 3]).forEach((tap, flat) => {
          const to = from.map((place, axis) => place * window.stride[axis] - window.padding[axis][0] + tap[axis] * window.dilation[axis]);
          if (to.some((place, axis) => place < 0 || place >= made.steps[axis])) return;
          out[to[0] * made.steps[1] + to[1]] += made.input[channel * 12 + from[0] * 3 + from[1]] * made.weight[channel * 9 + flat];
        });
      }
    }
    places(made.steps).forEach((at, flat) => assert.ok(Math.abs(resultAt(made, at).result - out[flat]) < 1e-12));
  }
});

test("max pooling: the first of the largest wins, padding never does", () => {
  const made = slide({ kind: "pooling", rule: "max", kernel: [2], stride: [2], padding: [[1, 1]], bias: null }, [4], 1);
  made.input = Float32Array.from([-3, -1, -1, -2]);
  assert.deepEqual([resultAt(made, [0]), resultAt(made, [1]), resultAt(made, [2])].map(({ result, winner }) => [result, winner]), [[-3, 1], [-1, 0], [-2, 0]]);
  made.input[2] = NaN;
  assert.equal(resultAt(made, [1]).winner, 1);
});

test("average pooling: what it divides by", () => {
  const made = (divisor) => slide({ kind: "pooling", rule: "mean", kernel: [2], stride: [2], padding: [[1, 1]], bias: null, divisor }, [4], 1);
  const at = (divisor, place) => resultAt(Object.assign(made(divisor), { input: Float32Array.from([4, 8, 2, 6]) }), [place]).result;
  assert.deepEqual([at("padded", 0), at("inside", 0), at(5, 1)], [2, 4, 2]);
});

test("adaptive pooling: windows that differ", () => {
  const made = slide({ kind: "pooling", rule: "mean", kernel: [3], stride: [1], bias: null, steps: [3], spans: [[[0, 2], [1, 4], [3, 5]]] }, [5], 1);
  made.input = Float32Array.from([1, 2, 3, 4, 5]);
  assert.deepEqual([0, 1, 2].map((step) => resultAt(made, [step]).result), [1.5, 3, 4.5]);
  assert.deepEqual(stepsOver(made.window, 0, 1, 3), [0, 2]);
  assert.deepEqual(boxAt(made, [1]), [[1, 4]]);
  assert.deepEqual(nearest(made, [4]), [2]);
});

test("padding counts as zero and is told apart", () => {
  const made = slide({ padding: [[1, 1]] }, [4], 1);
  const taps = tapsAt(made, [0]);
  assert.deepEqual(taps.map(({ place }) => place), [-1, 0, 1]);
  assert.equal(seen(made, taps, 0)[0], null);
  assert.equal(products(made, taps, 0)[0], 0);
  assert.deepEqual(padded(made), [6]);
});

test("which windows see a place, and what none sees", () => {
  const made = slide({ kernel: [2], stride: [2] }, [5], 1);
  assert.deepEqual([0, 1, 2, 3, 4].map((place) => stepsOver(made.window, 0, place, made.steps[0])), [[0, 1], [0, 1], [1, 2], [1, 2], null]);
  assert.deepEqual(unread(made, 0), [4]);
  const sparse = slide({ kernel: [1], stride: [3] }, [7], 1);
  assert.deepEqual(unread(sparse, 0), [1, 2, 4, 5]);
});

test("a place leads to the window around it", () => {
  const made = slide({ padding: [[1, 1], [1, 1]], stride: [2, 2] }, [8, 8]);
  for (const at of places(made.steps)) {
    const middle = boxAt(made, at).map(([start, stop]) => (start + stop - 1) / 2);
    assert.deepEqual(nearest(made, middle), at);
  }
});

test("order, the strongest place, walking around the end", () => {
  assert.deepEqual(ranked([{ channel: 0, sum: 1 }, { channel: 1, sum: -3 }, { channel: 2, sum: 1 }]).map(({ channel }) => channel), [1, 0, 2]);
  assert.deepEqual(strongest([1, -5, 3, 2], [2, 2]), [0, 1]);
  assert.deepEqual(walk([1, 2], [2, 3], 1), [0, 0]);
  assert.deepEqual(walk([0, 0], [2, 3], -1), [1, 2]);
});
