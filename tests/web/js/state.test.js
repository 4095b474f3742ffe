import assert from "node:assert/strict";
import { test } from "node:test";
import { read, START, up, write } from "../../../convscope/web/static/state.js";

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
