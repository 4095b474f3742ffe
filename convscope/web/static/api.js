/** The only file that fetches. A saved page has its messages inside and asks nobody. */

/** @typedef {{get: (address: string, signal?: AbortSignal) => Promise<any>, post: (address: string, body: any) => Promise<any>, saved: boolean}} Api */

/** @typedef {{message: Promise<any>, signal: AbortSignal | undefined, done: boolean}} Kept asked for once, however many views need it */

const KEPT = 200; // messages kept, the oldest go first

/** @returns {Api} */
export function connect() {
  const saved = document.getElementById("saved");
  return saved ? fromPage(JSON.parse(saved.textContent ?? "{}")) : fromServer();
}

/** @param {Record<string, any>} messages @returns {Api} */
function fromPage(messages) {
  const answer = (/** @type {string} */ address) => {
    if (address in messages) return Promise.resolve(messages[address]);
    return Promise.reject(new Error("not-saved"));
  };
  return { get: answer, post: (address, body) => answer(`${address} ${JSON.stringify(body)}`), saved: true };
}

/** @returns {Api} */
function fromServer() {
  /** @type {Map<string, Kept>} */
  const kept = new Map();
  const get = (/** @type {string} */ address, /** @type {AbortSignal | undefined} */ signal) => {
    const known = kept.get(address);
    if (known && (known.done || !known.signal || known.signal === signal)) return known.message;
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
