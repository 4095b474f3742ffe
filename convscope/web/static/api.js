/** The only file that fetches. A saved page has its messages inside and asks nobody. */

/** @typedef {{get: (address: string, signal?: AbortSignal) => Promise<any>, post: (address: string, body: any) => Promise<any>, saved: boolean}} Api */

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
  /** @type {Map<string, any>} */
  const kept = new Map();
  const get = async (/** @type {string} */ address, /** @type {AbortSignal | undefined} */ signal) => {
    if (kept.has(address)) return kept.get(address);
    const message = await read(await fetch(`api/${address}`, { signal }));
    kept.set(address, message);
    if (kept.size > KEPT) kept.delete(kept.keys().next().value ?? "");
    return message;
  };
  const post = async (/** @type {string} */ address, /** @type {any} */ body) => {
    kept.clear(); // a new input or edit makes every message another one
    const raw = body instanceof Blob;
    const headers = new Headers(raw ? [] : [["Content-Type", "application/json"]]);
    return read(await fetch(`api/${address}`, { method: "POST", headers, body: raw ? body : JSON.stringify(body) }));
  };
  return { get, post, saved: false };
}

/** @param {Response} response */
async function read(response) {
  const message = await response.json().catch(() => ({ error: response.statusText }));
  if (!response.ok) throw new Error(message.error ?? response.statusText);
  return message;
}
