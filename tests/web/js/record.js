/** Ask a server for all that the scenes of a network need, and keep it: node record.js NETWORK ADDRESS; scripts/record_messages.py runs it. */

import { writeFileSync } from "node:fs";
import { gathered } from "./page.js";
import { SCENES } from "./scenes.js";
import { VIEWS } from "../../../convscope/web/static/views.js";

const [network, server] = process.argv.slice(2);
const answers = {};

/** The message as it travels, with the numbers that it names inside. */
async function get(address) {
  const answer = await fetch(`${server}/api/${address}`);
  const message = await answer.json();
  if (!answer.ok) throw new Error(`${address}: ${message.error}`);
  await whole(message);
  answers[address] = message;
  return message;
}

async function whole(part) {
  if (part === null || typeof part !== "object") return;
  const name = part.data?.value;
  if (name) part.data = Buffer.from(await (await fetch(`${server}/api/value/${name}`)).arrayBuffer()).toString("base64");
  await Promise.all(Object.values(part).map(whole));
}

const session = await get("session");
for (const [name, state] of Object.values(SCENES[network])) await gathered(VIEWS[name], state, session, (address) => answers[address] ?? get(address));
const lines = Object.keys(answers).sort().map((address) => `${JSON.stringify(address)}: ${JSON.stringify(answers[address])}`);
writeFileSync(new URL(`recorded/${network}.json`, import.meta.url), `{\n${lines.join(",\n")}\n}\n`);
