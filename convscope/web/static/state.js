/** Where the person is: what stands in the address behind the #, so that back, forward and bookmarks work. */

/**
 * @typedef {object} State
 * @property {"network" | "results" | "filters"} page
 * @property {number | null} op index of the operation that is selected
 * @property {"map" | "layer" | "channel"} level how deep the page is in it
 * @property {number | null} channel
 * @property {number[] | null} at the element: an index in the channel's space
 * @property {"forward" | "backward"} way
 * @property {string} sort of the channels
 * @property {number} leaf page of 64 channels
 * @property {string} which inputs: right, wrong, unsure, all
 * @property {string} label only inputs of this class; "" for all
 * @property {number} samples page of inputs
 * @property {string[]} open paths of the blocks that are unfolded on the map
 * @property {string} overlay attribution drawn on the input; "" for none
 * @property {number[] | null} cell of the confusion matrix: [true class, what was said], −1 for any
 * @property {string} versus path of the run that is shown beside this one; "" for none
 */

/** @type {State} */
export const START = {
  page: "network", op: null, level: "map", channel: null, at: null, way: "forward",
  sort: "index", leaf: 0, which: "all", label: "", samples: 0, open: [], overlay: "",
  cell: null, versus: "",
};

/** @param {State} state @returns {string} only what differs from the start */
export function write(state) {
  const words = new URLSearchParams();
  for (const [key, value] of Object.entries(state)) {
    const start = START[/** @type {keyof State} */ (key)];
    if (JSON.stringify(value) !== JSON.stringify(start)) words.set(key, Array.isArray(value) ? value.join(",") : String(value));
  }
  return words.toString();
}

/** @param {string} hash as `location.hash` has it @returns {State} what cannot be read is as at the start */
export function read(hash) {
  const words = new URLSearchParams(hash.replace(/^#/, ""));
  const state = /** @type {Record<string, any>} */ ({ ...START });
  for (const [key, text] of words) {
    if (key in START) state[key] = parse(key, text);
  }
  return /** @type {State} */ (state);
}

/** @param {string} key @param {string} text */
function parse(key, text) {
  if (key === "open") return text.split(",").filter(Boolean);
  if (key === "at" || key === "cell") return text ? text.split(",").map(Number) : null;
  if (["op", "channel", "leaf", "samples"].includes(key)) return Number.isInteger(Number(text)) ? Number(text) : START[/** @type {keyof State} */ (key)];
  return text;
}

/** One level up: from the channel to the layer, to the map, to nothing selected. @param {State} state @returns {Partial<State>} */
export function up(state) {
  if (state.page !== "network") return { page: "network" };
  if (state.level === "channel") return { level: "layer", at: null, way: "forward" };
  if (state.level === "layer") return { level: "map", channel: null, leaf: 0 };
  return { op: null };
}
