import assert from "node:assert/strict";
import { test } from "node:test";
import { gather } from "../../../convscope/web/static/gather.js";

/** A clock whose time the test moves on, and a server whose answers it gives out. */
function stage() {
  const timers = [];
  const asked = new Map();
  const clock = { after: (ms, act) => timers.push({ ms, act }), every: () => 0, stop: () => {}, painted: (act) => act() };
  const get = (address) => {
    if (!asked.has(address)) asked.set(address, Promise.withResolvers());
    return asked.get(address).promise;
  };
  const seen = { redrawn: 0 };
  return { timers, asked, seen, ...gather(get, clock, () => (seen.redrawn += 1)) };
}

const turn = () => new Promise((done) => setImmediate(done));
const drawing = (passing = false) => ({ state: {}, session: {}, signal: new AbortController().signal, passing });
const VIEW = { needs: () => ({ graph: "graph" }), wants: (state, session, { first }) => (first ? { first: "1", second: "2" } : { first: "1" }) };

test("a view waits for what it needs", async () => {
  const { needed, asked } = stage();
  const found = needed(VIEW, drawing());
  asked.get("graph").resolve({ trace: "a" });
  assert.deepEqual(await found, { graph: { trace: "a" } });
});

test("what it wants may depend on what came, and an answer that is there soon is drawn at once", async () => {
  const { wanted, asked, seen } = stage();
  const found = {};
  const done = wanted(VIEW, found, drawing());
  asked.get("1").resolve("one");
  await turn();
  asked.get("2").reject(new Error("refused"));
  await done;
  assert.equal(found.first, "one");
  assert.equal(found.second.message, "refused");
  assert.equal(seen.redrawn, 0);
});

test("nobody waits longer than a moment; what comes later draws the page anew, once", async () => {
  const { wanted, asked, timers, seen } = stage();
  const [early, later] = [{}, {}];
  const done = wanted(VIEW, early, drawing());
  timers[0].act(); // patience is over
  await done;
  assert.deepEqual(early, {});
  asked.get("1").resolve("one");
  await turn();
  assert.equal(seen.redrawn, 1);
  const next = wanted(VIEW, later, drawing());
  asked.get("2")?.resolve("two");
  await turn();
  asked.get("2").resolve("two");
  await next;
  assert.deepEqual(later, { first: "one", second: "two" });
});

test("on the way nothing is asked for that a view can do without", async () => {
  const { wanted, asked } = stage();
  const found = {};
  await wanted(VIEW, found, drawing(true));
  assert.deepEqual([found, asked.size], [{}, 0]);
});

test("what is not ready is asked for again, and after a change everything is", async () => {
  const { wanted, asked, timers, seen, forget } = stage();
  const done = wanted({ wants: () => ({ samples: "s" }) }, {}, drawing());
  asked.get("s").resolve({ ready: false });
  await done;
  timers.forEach(({ act }) => act());
  assert.equal(seen.redrawn, 1);
  forget();
  asked.clear();
  const again = wanted({ wants: () => ({ samples: "s" }) }, {}, drawing());
  assert.equal(asked.size, 1);
  asked.get("s").resolve({ ready: true });
  await again;
});
