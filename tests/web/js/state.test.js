import assert from "node:assert/strict";
import { test } from "node:test";
import { next, read, START, up, write } from "../../../convscope/web/static/state.js";

test("the start has an empty address", () => {
  assert.equal(write(START), "");
  assert.deepEqual(read(""), START);
  assert.deepEqual(read("#"), START);
});

test("every state comes back from its address", () => {
  const state = { ...START, op: 0, level: /** @type {const} */ ("channel"), channel: 12, at: [3, 0], open: ["features.0", "head"], label: "über & so" };
  assert.deepEqual(read(`#${write(state)}`), state);
});

test("an address that says nothing sensible is as the start", () => {
  const state = read("#op=many&unknown=1&channel=1.5&open=&at=");
  assert.deepEqual(state, START);
});

test("one level up at a time ends at the network with nothing selected", () => {
  let state = { ...START, op: 3, level: /** @type {const} */ ("channel"), channel: 1, at: [2, 2] };
  const seen = [];
  for (let step = 0; step < 4; step += 1) {
    state = { ...state, ...up(state) };
    seen.push(write(state));
  }
  assert.deepEqual(seen, ["op=3&level=layer&channel=1", "op=3", "", ""]);
  assert.equal({ ...START, page: "results", ...up({ ...START, page: "results" }) }.page, "network");
});

test("what was chosen in one channel is gone in another, and in another operation", () => {
  const state = { ...START, op: 0, channel: 1, edit: [1, 0, 0], of: "weight", place: [1, 0, 2, 2], rule: "adam" };
  assert.deepEqual(next(state, { at: [3, 3] }), { ...state, at: [3, 3] });
  assert.deepEqual(next(state, { channel: 2 }), { ...state, channel: 2, of: "", place: null });
  assert.deepEqual(next(state, { op: 4 }), { ...state, op: 4, edit: [], of: "", place: null });
  assert.deepEqual(next(state, { op: 4, place: [0] }).place, [0]);
});

test("a kernel that is tried, and one that is not chosen yet, come back from the address", () => {
  for (const edit of [[2, 1, 0], [], null]) assert.deepEqual(read(`#${write({ ...START, op: 1, edit })}`).edit, edit);
});
