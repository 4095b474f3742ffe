/**
 * The network as a tree of blocks: modules that hold one thing become that thing, tiny ones and the one that holds nearly
 * everything dissolve, equal blocks in a row become one ("×6"), and long rows are cut into chunks. Linear in the operations.
 */

/** @typedef {import("../../messages").Operation} Operation */
/** @typedef {import("../../messages").Graph} Graph */
/**
 * @typedef {object} Block
 * @property {string} key stands in the address
 * @property {"op" | "module" | "run" | "chunk"} type
 * @property {string} name
 * @property {string} kind class of the module, op of an operation
 * @property {Operation | null} op
 * @property {Block[]} children
 * @property {Block | null} parent
 * @property {number} count operations inside
 * @property {number} parameters
 * @property {number} macs
 * @property {number} seconds
 * @property {number} form equal for blocks built alike, whatever their sizes
 * @property {number} same equal for blocks built alike with the same sizes
 * @property {Operation} first
 * @property {Operation} last
 */

export const TINY = 3; // a module of so few operations is not drawn as a block
const MOST = 48; // children of one block; more are cut into chunks
const CHUNKS = 36;
const WHOLE = 0.6; // a block with such a share of the operations around it is no block of its own

/** @param {Graph} graph @returns {Block} the root */
export function tree(graph) {
  const root = bare("module", "", null);
  const modules = graph.modules.map((module) => Object.assign(bare("module", module.path, null), { kind: module.kind }));
  for (const op of graph.operations) hang(op, graph, modules, root);
  const ids = new Map();
  const made = /** @type {Block} */ (tidy(root, ids));
  const top = made.type === "op" ? sign(Object.assign(root, { children: [made] }), ids) : made;
  dissolve(top);
  finish(top, ids);
  adopt(top);
  return top;
}

/** @type {WeakMap<Graph, Block>} */
const trees = new WeakMap();

/** The tree of a graph, made once. @param {Graph} graph */
export function treeOf(graph) {
  const found = trees.get(graph) ?? tree(graph);
  trees.set(graph, found);
  return found;
}

/** @param {Block["type"]} type @param {string} name @param {Operation | null} op @returns {Block} */
function bare(type, name, op) {
  const none = /** @type {any} */ (op);
  return { key: name, type, name, kind: op?.op ?? "", op, children: [], parent: null, count: op ? 1 : 0, parameters: op?.parameters ?? 0, macs: op?.macs ?? 0, seconds: op?.seconds ?? 0, form: 0, same: 0, first: none, last: none };
}

/** Put an operation below its module, and the module below its own where that was not done yet. @param {Operation} op @param {Graph} graph @param {Block[]} modules @param {Block} root */
function hang(op, graph, modules, root) {
  let child = bare("op", op.name, op);
  child.key = `#${op.index}`;
  let at = graph.modules[op.module] ? op.module : null;
  while (at !== null) {
    const block = modules[at];
    block.children.push(child);
    if (block.parent) return;
    at = graph.modules[at].parent;
    block.parent = at === null ? root : modules[at];
    child = block;
  }
  root.children.push(child);
}

/** Children first: drop empty blocks, open those with one child, fold rows of equal ones, splice tiny ones. @param {Block} block @param {Map<string, number>} ids @returns {Block | null} */
function tidy(block, ids) {
  if (block.op) return sign(block, ids);
  const children = block.children.map((child) => tidy(child, ids)).filter((child) => child !== null);
  if (!children.length) return null;
  if (children.length === 1 && children[0].type !== "run") return children[0];
  block.children = runs(children, ids).flatMap((child) => (child.type === "module" && child.count <= TINY ? child.children : [child]));
  return sign(block, ids);
}

/** Totals and what it is built like. @param {Block} block @param {Map<string, number>} ids */
function sign(block, ids) {
  const { op, children } = block;
  block.first = op ?? children[0].first;
  block.last = op ?? /** @type {Block} */ (children.at(-1)).last;
  if (!op) {
    for (const key of /** @type {const} */ (["count", "parameters", "macs", "seconds"])) block[key] = children.reduce((sum, child) => sum + child[key], 0);
  }
  const label = op ? op.op : block.kind;
  block.form = number(ids, `${label}(${children.map((child) => child.form)})`);
  block.same = number(ids, `${label} ${block.last.shape} ${block.parameters}(${children.map((child) => child.same)})`);
  return block;
}

/** @param {Map<string, number>} ids @param {string} words */
function number(ids, words) {
  const known = ids.get(words);
  if (known !== undefined) return known;
  ids.set(words, ids.size + 1);
  return ids.size;
}

/** Equal blocks in a row, each taking only from the one before, as one. @param {Block[]} children @param {Map<string, number>} ids @returns {Block[]} */
function runs(children, ids) {
  /** @type {Block[]} */
  const out = [];
  for (let at = 0; at < children.length; ) {
    let end = at + 1;
    while (end < children.length && children[at].type === "module" && children[end].same === children[at].same && follows(children[end], children[end - 1])) end += 1;
    const least = children[at].count > TINY ? 2 : 4;
    if (end - at >= least) out.push(together("run", children.slice(at, end), ids));
    else out.push(...children.slice(at, end));
    at = end;
  }
  return out;
}

/** @param {Block} block @param {Block} before whether all that the block takes from elsewhere comes from there */
function follows(block, before) {
  const taken = block.children.flatMap((child) => inputs(child)).filter((index) => index < block.first.index || index > block.last.index);
  return taken.every((index) => index >= before.first.index && index <= before.last.index);
}

/** @param {Block} block @returns {number[]} */
const inputs = (block) => (block.op ? block.op.inputs : block.children.flatMap(inputs));

/** @param {"run" | "chunk"} type @param {Block[]} children @param {Map<string, number>} ids */
function together(type, children, ids) {
  const block = bare(type, children[0].name, null);
  block.kind = type === "run" ? children[0].kind : "";
  block.key = `${children[0].key}~${children.length}`;
  block.children = children;
  return sign(block, ids);
}

/** A child that is nearly all of its block is not a block in it. @param {Block} block */
function dissolve(block) {
  for (let again = true; again; ) {
    const place = block.children.findIndex((child) => child.type === "module" && child.count >= WHOLE * block.count);
    again = place >= 0 && block.children.length < MOST;
    if (again) block.children.splice(place, 1, ...block.children[place].children);
  }
  block.children.forEach((child) => child.op ?? dissolve(child));
}

/** Cut what is too long. @param {Block} block @param {Map<string, number>} ids */
function finish(block, ids) {
  if (block.children.length > MOST) {
    const size = Math.ceil(block.children.length / CHUNKS);
    const parts = [];
    for (let at = 0; at < block.children.length; at += size) parts.push(together("chunk", block.children.slice(at, at + size), ids));
    block.children = parts;
  }
  block.children.forEach((child) => finish(child, ids));
}

/** @param {Block} block */
function adopt(block) {
  for (const child of block.children) {
    child.parent = block;
    adopt(child);
  }
}

/**
 * Which blocks are open: the root, those the person opened, those around the selection, and as many first ones of their
 * kind as the map has room for.
 * @param {Block} root @param {string[]} asked keys; "!" in front: closed by the person @param {number | null} selected @param {number} room boxes
 * @returns {Set<Block>}
 */
export function unfolded(root, asked, selected, room) {
  const wanted = new Set(asked.filter((key) => !key.startsWith("!")));
  const shut = new Set(asked.filter((key) => key.startsWith("!")).map((key) => key.slice(1)));
  const open = new Set([root]);
  const forms = new Set();
  let boxes = root.children.length;
  for (let queue = root.children, depth = 0; queue.length; depth += 1) {
    /** @type {Block[]} */
    const next = [];
    for (const block of queue) {
      if (block.op || shut.has(block.key)) continue;
      const holds = selected !== null && block.first.index <= selected && selected <= block.last.index;
      const fits = depth === 0 && block.type === "module" && !forms.has(block.form) && boxes + block.children.length - 1 <= room;
      if (!wanted.has(block.key) && !holds && !fits) continue;
      open.add(block);
      forms.add(block.form);
      boxes += block.children.length - 1;
      next.push(...block.children);
    }
    queue = next;
  }
  return open;
}

/** The box that stands for each operation. @param {Block} root @param {Set<Block>} open @returns {Map<number, Block>} */
export function boxes(root, open) {
  const found = new Map();
  const fill = (/** @type {Block} */ block, /** @type {Block} */ box) => {
    if (block.op) found.set(block.op.index, box);
    else block.children.forEach((child) => fill(child, box));
  };
  const walk = (/** @type {Block} */ block) => block.children.forEach((child) => (open.has(child) ? walk(child) : fill(child, child)));
  walk(root);
  return found;
}

/** A name as short as it still says which: the end of the path. @param {string} name @param {number} [most] letters */
export function short(name, most = 12) {
  const parts = name.split(".");
  let text = parts.pop() ?? "";
  while (parts.length && (/^\d+$/.test(text) || `${parts.at(-1)}.${text}`.length <= most)) {
    const longer = `${parts.pop()}.${text}`;
    if (longer.length > most + 6) break;
    text = longer;
  }
  return text.replace(/^\d+\.(?=\D)/, "");
}

/** What costs most: the largest block is opened until there are enough parts to tell apart. @param {Block} root @param {"macs" | "parameters"} key @param {number} most parts @returns {Block[]} */
export function costliest(root, key, most) {
  const parts = [root];
  const by = (/** @type {Block} */ one, /** @type {Block} */ other) => other[key] - one[key];
  while (parts.filter((part) => part[key] > 0).length < most) {
    const [largest] = parts.filter(({ op }) => !op).sort(by);
    if (!largest?.[key]) break;
    parts.splice(parts.indexOf(largest), 1, ...largest.children);
  }
  return parts.filter((part) => part[key] > 0).sort(by).slice(0, most);
}

/** The operation of a block that costs most. @param {Block} block @param {"macs" | "parameters"} key @returns {number} its index */
export function heaviest(block, key) {
  if (block.op) return block.op.index;
  return heaviest(block.children.reduce((most, child) => (child[key] > most[key] ? child : most)), key);
}
