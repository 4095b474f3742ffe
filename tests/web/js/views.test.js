/**
 * Every view is drawn from recorded messages and is what it was: recorded/NETWORK.json → snapshots/NETWORK-SCENE.txt.
 * Where a change is meant: UPDATE=1 before the command writes them anew; git shows what changed.
 */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { written } from "./page.js";
import { drawing, SCENES } from "./scenes.js";
import { VIEWS } from "../../../convscope/web/static/views.js";

const SNAPSHOTS = new URL("snapshots/", import.meta.url);
const all = Object.entries(SCENES).flatMap(([network, scenes]) => Object.entries(scenes).map(([scene, [view, state]]) => ({ network, view, state, name: `${network}-${scene}` })));

for (const scene of all) {
  test(`${scene.name} is drawn as before`, async () => {
    const { draw: drawn } = await drawing(scene);
    const now = `${written(drawn())}\n`;
    const path = new URL(`${scene.name}.txt`, SNAPSHOTS);
    if (process.env.UPDATE) writeFileSync(path, now);
    assert.ok(existsSync(path), `there is no snapshot of it yet: run with UPDATE=1`);
    assert.equal(now, readFileSync(path, "utf8"));
  });

  test(`${scene.name} is the same when it is drawn again`, async () => {
    const { draw: drawn } = await drawing(scene);
    const first = written(drawn());
    assert.equal(written(drawn()), first);
  });

  test(`${scene.name} is drawn without what it only wants`, async () => {
    const { context, found, draw: drawn } = await drawing(scene);
    const needed = Object.keys(VIEWS[scene.view].needs(context.state, context.session));
    for (const name of Object.keys(found)) if (!needed.includes(name)) delete found[name];
    assert.ok(Array.isArray(drawn()));
  });
}

test("every view has a scene, and no snapshot is left over", () => {
  assert.deepEqual([...new Set(all.map(({ view }) => view))].sort(), Object.keys(VIEWS).sort());
  assert.deepEqual(readdirSync(SNAPSHOTS).sort(), all.map(({ name }) => `${name}.txt`).sort());
});
