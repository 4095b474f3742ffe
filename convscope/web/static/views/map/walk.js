/** Walking the map with the arrow keys: to the right what comes next, to the left what came before, up and down the neighbours. */

/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {import("./flow.js").Cell} Cell */

const KEYS = { ArrowRight: "right", ArrowLeft: "left", ArrowUp: "up", ArrowDown: "down", Home: "first", End: "last" };

/** @param {Layout} made @returns {Cell[]} cells that can have the focus, in order; pure */
export const stops = (made) => made.cells.filter(({ element }) => element.block && (element.type === "box" || element.type === "frame"));

/** The cell that a key leads to. Pure. @param {Layout} made @param {Cell} here @param {string} way @returns {Cell | undefined} */
export function step(made, here, way) {
  const all = stops(made);
  if (way === "first") return all[0];
  if (way === "last") return all.at(-1);
  const at = all.indexOf(here);
  if (way === "right") return made.edges.find(({ from, to }) => from === here && to.element.block)?.to ?? all[at + 1];
  if (way === "left") return made.edges.find(({ from, to }) => to === here && from.element.block)?.from ?? all[at - 1];
  return nearest(all, here, way === "up" ? -1 : 1);
}

/** @param {Cell[]} all @param {Cell} here @param {number} sign */
function nearest(all, here, sign) {
  const [x, y] = middle(here);
  let best;
  let least = Infinity;
  for (const cell of all) {
    const [cx, cy] = middle(cell);
    const down = sign * (cy - y);
    if (down < 12) continue;
    const far = down + 2 * Math.abs(cx - x);
    if (far < least) [least, best] = [far, cell];
  }
  return best;
}

/** @param {Cell} cell */
const middle = ({ element, x, y, w, cy, size }) => (element.type === "frame" ? [x + 40, y + 12] : [x + Math.min(w, size.port || w) / 2, y + cy]);

/** One stop for Tab. @param {HTMLElement} map @param {EventTarget | null | undefined} target */
export function rove(map, target) {
  for (const each of map.querySelectorAll("button[data-key]")) /** @type {HTMLElement} */ (each).tabIndex = each === target ? 0 : -1;
}

/** The arrows go on from there. @param {HTMLElement} map @param {Layout} made */
export function keyboard(map, made) {
  const button = (/** @type {Cell | undefined} */ cell) => /** @type {HTMLElement | null} */ (cell ? map.querySelector(`button[data-key="${CSS.escape(cell.element.block?.key ?? "")}"]`) : null);
  const cells = new Map(stops(made).map((cell) => [cell.element.block?.key, cell]));
  rove(map, button(stops(made)[0]));
  map.onkeydown = (event) => {
    const way = KEYS[/** @type {keyof typeof KEYS} */ (event.key)];
    const here = event.target instanceof HTMLElement ? cells.get(event.target.dataset.key) : undefined;
    const goal = way && here && button(step(made, here, way));
    if (!goal) return;
    event.preventDefault();
    goal.focus();
    goal.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
}
