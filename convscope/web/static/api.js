/** The only file that fetches. A saved page has its messages inside and asks nobody. */

import { bytesOf } from "./draw/arrays.js";
import { t } from "./texts.js";

/** @typedef {{get: (address: string, signal?: AbortSignal) => Promise<any>, post: (address: string, body: any) => Promise<any>, saved: boolean}} Api */

/** @typedef {{message: Promise<any>, signal: AbortSignal | undefined, done: boolean}} Kept asked for once, however many views need it */

/** @typedef {(name: string) => Promise<Uint8Array<ArrayBuffer>>} Value the numbers that a message names */

const KEPT = 200; // messages kept, and values; the oldest go first

/** @returns {Api} */
export function connect() {
  const saved = document.getElementById("saved");
  return saved ? fromPage(JSON.parse(saved.textContent ?? "{}")) : fromServer();
}

/** @typedef {{shared: Record<string, string>, inputs: Record<string, Record<string, string>>, start: string, values: Record<string, string>}} Saved address → packed message, for all inputs and for each; name → packed numbers */

/** @param {Saved} saved @returns {Api} */
function fromPage({ shared, inputs, start, values }) {
  let input = inputs[start];
  const value = once(async (name) => new Uint8Array(await unpacked(values[name]).arrayBuffer()));
  const read = async (/** @type {string} */ address) => {
    const packed = input?.[address] ?? shared[address];
    if (packed === undefined) throw new Error(t("This is not in the saved page."));
    return whole(await unpacked(packed).json(), value);
  };
  let get = once(read);
  const post = async (/** @type {string} */ address, /** @type {any} */ body) => {
    const other = address === "input" ? inputs[body.sample] : undefined;
    if (!other) throw new Error(t("This is not in the saved page."));
    input = other;
    get = once(read);
  };
  return { get: (address) => get(address), post, saved: true };
}

/** What `pack` of table.py has compressed. @param {string} packed */
const unpacked = (packed) => new Response(new Blob([bytesOf(packed)]).stream().pipeThrough(new DecompressionStream("deflate")));

/** @returns {Api} */
function fromServer() {
  /** @type {Map<string, Kept>} */
  const kept = new Map();
  const value = once(async (name) => new Uint8Array(await (await answered(fetch(`api/value/${name}`))).arrayBuffer()));
  const get = (/** @type {string} */ address, /** @type {AbortSignal | undefined} */ signal) => {
    const known = kept.get(address);
    if (known && (known.done || !known.signal?.aborted)) return known.message;
    const message = answered(fetch(`api/${address}`, { signal })).then(async (response) => whole(await response.json(), value));
    const asked = { message, signal, done: false };
    const forget = () => kept.get(address) === asked && kept.delete(address);
    message.then((found) => (found.ready === false ? forget() : (asked.done = true)), forget);
    keep(kept, address, asked);
    return message;
  };
  const post = async (/** @type {string} */ address, /** @type {any} */ body) => {
    kept.clear(); // a new input or edit makes every message another one; values have names of their own
    const raw = body instanceof Blob;
    const headers = new Headers(raw ? [] : [["Content-Type", "application/json"]]);
    try {
      const response = await answered(fetch(`api/${address}`, { method: "POST", headers, body: raw ? body : JSON.stringify(body) }));
      return await whole(await response.json(), value);
    } finally {
      kept.clear(); // what was asked for meanwhile may be of either
    }
  };
  return { get, post, saved: false };
}

/** An answer that is no refusal. @param {Promise<Response>} asked */
async function answered(asked) {
  const response = await asked;
  if (response.ok) return response;
  const { error } = await response.json().catch(() => ({ error: null }));
  throw new Error(error ?? response.statusText);
}

/** The message with the numbers that it names, which are asked for at the same time. @param {any} message @param {Value} value */
async function whole(message, value) {
  await Promise.all(named(message).map(async (numbers) => (numbers.data = await value(numbers.data.value))));
  return message;
}

/** The numbers of a message that are not in it. @param {any} message @returns {any[]} */
function named(message) {
  if (message === null || typeof message !== "object" || (Array.isArray(message) && typeof message[0] !== "object")) return [];
  if (message.data?.value) return [message];
  return Object.values(message).flatMap(named);
}

/** Each one once: who asks again gets the same. @template T @param {(name: string) => Promise<T>} fetched */
function once(fetched) {
  /** @type {Map<string, Promise<T>>} */
  const kept = new Map();
  return (/** @type {string} */ name) => {
    const known = kept.get(name) ?? fetched(name);
    kept.delete(name); // the last one in is the last one asked for
    keep(kept, name, known);
    known.catch(() => kept.delete(name));
    return known;
  };
}

/** @template T @param {Map<string, T>} kept @param {string} key @param {T} one */
function keep(kept, key, one) {
  kept.set(key, one);
  if (kept.size > KEPT) kept.delete(kept.keys().next().value ?? "");
}
