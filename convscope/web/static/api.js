/** The only file that fetches. A saved page has its messages inside and asks nobody. */

import { bytesOf } from "./draw/arrays.js";
import { t } from "./texts.js";

/** @typedef {{get: (address: string, signal?: AbortSignal) => Promise<any>, post: (address: string, body: any) => Promise<any>, saved: boolean}} Api */

/** @typedef {{message: Promise<any>, signal: AbortSignal | undefined, done: boolean}} Kept asked for once, however many views need it */

const KEPT = 200; // messages kept, the oldest go first

/** @returns {Api} */
export function connect() {
  const saved = document.getElementById("saved");
  return saved ? fromPage(JSON.parse(saved.textContent ?? "{}")) : fromServer();
}

/** @typedef {{shared: Record<string, string>, inputs: Record<string, Record<string, string>>, start: string, numbers: string[]}} Saved address → packed message, for all inputs and for each; numbers: packed arrays, that stand there once */

/** @param {Saved} saved @returns {Api} */
function fromPage({ shared, inputs, start, numbers }) {
  let input = inputs[start];
  const get = async (/** @type {string} */ address) => {
    const packed = input?.[address] ?? shared[address];
    if (packed === undefined) throw new Error(t("This is not in the saved page."));
    const message = JSON.parse(await unpacked(packed));
    await Promise.all(arraysOf(message).map(async (each) => (each.data = await unpacked(numbers[each.data]))));
    return message;
  };
  const post = async (/** @type {string} */ address, /** @type {any} */ body) => {
    const other = address === "input" ? inputs[body.sample] : undefined;
    if (!other) throw new Error(t("This is not in the saved page."));
    input = other;
  };
  return { get, post, saved: true };
}

/** What `pack` of table.py has compressed. @param {string} packed */
function unpacked(packed) {
  return new Response(new Blob([bytesOf(packed)]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
}

/** The parts of a message that have a place where their array should be. @param {any} value @returns {any[]} */
function arraysOf(value) {
  if (value === null || typeof value !== "object" || (Array.isArray(value) && typeof value[0] !== "object")) return [];
  const inside = Object.values(value).flatMap(arraysOf);
  return typeof value.data === "number" ? [value, ...inside] : inside;
}

/** @returns {Api} */
function fromServer() {
  /** @type {Map<string, Kept>} */
  const kept = new Map();
  const get = (/** @type {string} */ address, /** @type {AbortSignal | undefined} */ signal) => {
    const known = kept.get(address);
    if (known && (known.done || !known.signal?.aborted)) return known.message;
    const asked = { message: fetch(`api/${address}`, { signal }).then(read), signal, done: false };
    const forget = () => kept.get(address) === asked && kept.delete(address);
    asked.message.then((message) => (message.ready === false ? forget() : (asked.done = true)), forget);
    kept.set(address, asked);
    if (kept.size > KEPT) kept.delete(kept.keys().next().value ?? "");
    return asked.message;
  };
  const post = async (/** @type {string} */ address, /** @type {any} */ body) => {
    kept.clear(); // a new input or edit makes every message another one
    const raw = body instanceof Blob;
    const headers = new Headers(raw ? [] : [["Content-Type", "application/json"]]);
    try {
      return await read(await fetch(`api/${address}`, { method: "POST", headers, body: raw ? body : JSON.stringify(body) }));
    } finally {
      kept.clear(); // what was asked for meanwhile may be of either
    }
  };
  return { get, post, saved: false };
}

/** @param {Response} response */
async function read(response) {
  const message = await response.json().catch(() => ({ error: response.statusText }));
  if (!response.ok) throw new Error(message.error ?? response.statusText);
  return message;
}
