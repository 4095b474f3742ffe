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
 * @property {number} tiles page of the samples in that cell
 * @property {string} plane how the samples come into the map of the results: pca, tsne, umap
 * @property {"" | "shown"} near the nearest training samples are beside the network
 * @property {string} versus path of the run that is shown beside this one; "" for none
 * @property {"one" | "own"} scale of the colours of a layer's channels: one for all, or each its own
 * @property {number[] | null} edit what is tried on the operation is open: [output, input, depth] of a kernel, or [] for the first one
 * @property {string} of backward: the argument whose gradient it is; "" for the first one
 * @property {number[] | null} place backward: which number of that argument
 * @property {number | null} target backward: the class whose score is asked about
 * @property {string} rule of the optimizer that takes one step
 * @property {string} rate of that step
 */

/** @type {State} */
export const START = {
  page: "network", op: null, level: "map", channel: null, at: null, way: "forward",
  sort: "index", leaf: 0, which: "all", label: "", samples: 0, open: [], overlay: "",
  cell: null, tiles: 0, plane: "pca", near: "", versus: "", scale: "one", edit: null, of: "", place: null, target: null, rule: "sgd", rate: "0.01",
};

/** The state after a change; what was chosen in one operation or channel is gone in another. @param {State} state @param {Partial<State>} change @returns {State} */
export function next(state, change) {
  const { op = state.op, channel = state.channel } = change;
  if (op !== state.op) change = { edit: state.edit && [], ...change };
  if (op !== state.op || channel !== state.channel) change = { of: "", place: null, ...change };
  return { ...state, ...change };
}

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
  if (key === "edit" && !text) return [];
  if (["at", "cell", "edit", "place"].includes(key)) return text ? text.split(",").map(Number) : null;
  if (["op", "channel", "leaf", "samples", "tiles", "target"].includes(key)) return Number.isInteger(Number(text)) ? Number(text) : START[/** @type {keyof State} */ (key)];
  return text;
}

/** One level up: from the channel to the layer, to the map, to nothing selected. @param {State} state @returns {Partial<State>} */
export function up(state) {
  if (state.page !== "network") return { page: "network" };
  if (state.level === "channel") return { level: "layer", at: null, way: "forward" };
  if (state.level === "layer") return { level: "map", channel: null, leaf: 0 };
  return { op: null };
}
