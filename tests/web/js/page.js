/** A page without a browser: a small document, a clock that stands still, canvases that note what is drawn on them. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseHTML } from "linkedom";

const STATIC = new URL("../../../convscope/web/static/", import.meta.url);
const TOKENS = Object.fromEntries(Array.from(readFileSync(new URL("tokens.css", STATIC), "utf8").split("@media")[0].matchAll(/^\s*(--[\w-]+):\s*([^;]+);/gm), ([, name, value]) => [name, value]).reverse()); // those of the light theme stand first

const { document, window } = parseHTML('<!doctype html><html lang="en" data-theme="light"><body></body></html>');
Object.assign(globalThis, {
  document,
  Element: window.Element,
  Node: window.Node,
  SVGElement: window.SVGElement,
  Event: window.Event,
  CSS: { escape: (text) => text },
  ImageData: class {
    constructor(width, height) {
      Object.assign(this, { width, height, data: new Uint8ClampedArray(4 * width * height) });
    }
  },
  getComputedStyle: () => ({ getPropertyValue: (name) => TOKENS[name] ?? "" }),
});
const canvas = Object.getPrototypeOf(document.createElement("canvas"));
Object.defineProperties(canvas, {
  width: { get() { return Number(this.getAttribute("width")); } },
  height: { get() { return Number(this.getAttribute("height")); } },
  getContext: { value() { return (this.pen ??= pen()); } },
});

/** A canvas's pen that keeps every call, and the fill in force. */
function pen() {
  const calls = [];
  const note = (target, name) => name in target ? target[name] : (...words) => {
    if (name === "putImageData") calls.length = 0; // it covers all that was there
    calls.push([name, target.fillStyle ?? "", ...words]);
  };
  return new Proxy({ calls }, { get: note });
}

/** What a view is handed: `known` are a session and the messages of a network. */
export function contextOf(state, session, { width = 1440, height = 900 } = {}) {
  const memory = new Map();
  const nothing = () => {};
  const asked = [];
  return {
    document, state, session, asked,
    clock: { after: () => 0, every: () => 0, stop: nothing, painted: (act) => act() },
    screen: { width, height, main: () => width - 632, low: height <= 760 && width > 959 },
    t: (text, values = {}) => text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole)),
    memory: (key, start) => (memory.has(key) ? memory : memory.set(key, start())).get(key),
    go: (change, how) => void asked.push(["go", change, how]),
    act: async (address, body) => void asked.push(["act", address, body]),
    near: nothing, redraw: nothing, save: nothing, say: nothing, listen: nothing, resized: nothing, remember: nothing,
    copy: async () => true,
  };
}

/** The messages that a view needs and wants in a state, and that state with what the view fills in. @param {(address: string) => Promise<any>} get */
export async function gathered(view, given, session, get) {
  const found = {};
  const add = async (asked) => {
    const missing = Object.entries(asked).filter(([name]) => !(name in found));
    for (const [name, address] of missing) found[name] = await get(address);
    return missing.length > 0;
  };
  await add(view.needs(given, session));
  const state = { ...given, ...view.open?.(found, given) };
  while (await add(view.wants?.(state, session, found) ?? {}));
  return { found, state };
}

/** Elements as lines that people can read: names, classes, attributes, text; a canvas by its size and what it shows. */
export function written(nodes, indent = "") {
  return nodes.flatMap((node) => line(node, indent)).join("\n");
}

function line(node, indent) {
  if (node === "" || node === null || node === false) return [];
  if (typeof node === "string" || node.nodeType === 3) return [`${indent}| ${node.textContent ?? node}`];
  const classes = (node.getAttribute("class") ?? "").split(" ").filter(Boolean).map((name) => `.${name}`).join("");
  const attributes = Array.from(node.attributes).filter(({ name, value }) => name !== "class" && !(name === "type" && value === "button") && name !== "aria-hidden");
  const words = attributes.map(({ name, value }) => `${name}="${short(value)}"`).sort();
  const head = `${indent}${[node.localName + classes, ...words].join(" ")}${node.localName === "canvas" ? shown(node) : ""}`;
  const inside = Array.from(node.childNodes);
  if (node.localName === "math") return [`${indent}math | ${inside.map(formula).join(" ")}`];
  if (inside.length === 1 && inside[0].nodeType === 3) return [`${head} | ${inside[0].textContent}`];
  return [head, ...inside.flatMap((child) => line(child, `${indent}  `))];
}

/** MathML in one line: msub(x i) = mfrac(1 n). */
function formula(node) {
  if (node.nodeType === 3) return node.textContent;
  const inside = Array.from(node.childNodes).map(formula).join(" ");
  return /^m[iont]/.test(node.localName) ? inside : `${node.localName}(${inside})`;
}

/** Numbers with so many digits that another processor's rounding does not show. */
const short = (text) => text.replace(/-?\d+\.\d{3,}/g, (number) => String(Number(Number(number).toFixed(2)))).replace(/\s+/g, " ");

/** A fingerprint of what was drawn. */
function shown({ pen }) {
  const hash = createHash("sha256");
  for (const call of pen?.calls ?? []) hash.update(JSON.stringify(call.map((word) => (word?.data ? Array.from(word.data) : word))));
  return pen ? ` #${hash.digest("hex").slice(0, 8)}` : "";
}
