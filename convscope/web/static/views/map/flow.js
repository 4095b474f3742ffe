/**
 * Places for a series of boxes: in lines that read like text, branches as lanes, open blocks as frames. Pure: sizes in,
 * rectangles out; the edges between them are drawn by route.js.
 */

/** @typedef {import("./series.js").Series} Series */
/** @typedef {import("./series.js").Element} Element */
/** @typedef {{w: number, h: number, cy: number, port: number, glue?: boolean, stretch?: boolean, tail?: number}} Size cy: height at which edges meet; port: where they leave; tail: text below */
/** @typedef {{element: Element, size: Size, x: number, y: number, w: number, h: number, cy: number, flows: Flow[], flow: Flow, line: number, at: number}} Cell */
/** @typedef {{from: number, to: number, track: number}} Arc over the cells between two of a flow */
/** @typedef {{cells: Cell[], w: number, up: number, down: number, over: number, y: number, arcs: Arc[], under: number}} Line */
/** @typedef {{cells: Cell[], lines: Line[], x: number, y: number, w: number, h: number, cell: Cell | null, aside: number}} Flow */
/** @typedef {{gap: number, fan: number, pad: number, header: number, lane: number, gutter: number, stretch: number}} Spaces */

export const STEP = 7; // between two arcs one over the other
export const CLEAR = 9; // between an arc and what it passes over

/** @param {Series} series @param {(element: Element) => Size} sizeOf @param {Cell | null} [parent] @returns {Flow} */
export function flowOf(series, sizeOf, parent = null) {
  /** @type {Flow} */
  const flow = { cells: [], lines: [], x: 0, y: 0, w: 0, h: 0, cell: parent, aside: 0 };
  flow.cells = series.items.map((element, at) => {
    const size = sizeOf(element);
    /** @type {Cell} */
    const cell = { element, size, x: 0, y: 0, w: size.w, h: size.h, cy: size.cy, flows: [], flow, line: 0, at };
    const inside = element.inside ? [element.inside] : element.lanes;
    cell.flows = inside.map((each) => flowOf(each, sizeOf, cell));
    return cell;
  });
  return flow;
}

/** Widths, and where the lines break. @param {Flow} flow @param {number} most width @param {Spaces} spaces */
export function breakLines(flow, most, spaces) {
  for (const cell of flow.cells) {
    if (!cell.flows.length) continue;
    const around = 2 * (cell.element.type === "frame" ? spaces.pad : spaces.fan);
    cell.flows.forEach((each) => breakLines(each, most - around, spaces));
    cell.w = Math.max(cell.size.w, ...cell.flows.map((each) => each.w + around));
  }
  flow.lines = [];
  let line = newLine(flow);
  const widthOf = (/** @type {Cell[]} */ group) => group.reduce((sum, cell, at) => sum + cell.w + (at ? between(group[at - 1], cell, spaces) : 0), 0);
  const groups = glued(flow.cells).flatMap((group) => (widthOf(group) > most ? group.map((cell) => [cell]) : [group]));
  for (const group of groups) {
    const width = widthOf(group);
    const before = line.cells.at(-1);
    const gap = before ? between(before, group[0], spaces) : 0;
    if (before && line.w + gap + width > most) line = newLine(flow);
    line.w += (line.cells.length ? gap : 0) + width;
    line.cells.push(...group);
  }
  flow.lines.forEach((each, at) => each.cells.forEach((cell) => (cell.line = at)));
  flow.w = Math.max(0, ...flow.lines.map((each) => each.w));
}

/** @param {Flow} flow */
function newLine(flow) {
  /** @type {Line} */
  const line = { cells: [], w: 0, up: 0, down: 0, over: 0, y: 0, arcs: [], under: 0 };
  flow.lines.push(line);
  return line;
}

/** Cells that no line break should part: what joins stays with what it joins. @param {Cell[]} cells @returns {Cell[][]} */
function glued(cells) {
  /** @type {Cell[][]} */
  const groups = [];
  for (const cell of cells) {
    if (cell.size.glue && groups.length) groups[groups.length - 1].push(cell);
    else groups.push([cell]);
  }
  return groups;
}

/** Room for the edge between two neighbours; branches bring their own. @param {Cell} before @param {Cell} after @param {Spaces} spaces */
export function between(before, after, spaces) {
  if (before.element.type === "lanes" || after.element.type === "lanes") return 0;
  return spaces.gap;
}

/** Heights, from the inside out. @param {Flow} flow @param {Spaces} spaces */
export function settle(flow, spaces) {
  let y = 0;
  for (const line of flow.lines) {
    line.cells.forEach((cell, at) => height(cell, line.cells[at - 1], spaces));
    line.up = Math.max(...line.cells.map((cell) => cell.cy));
    line.down = Math.max(...line.cells.map((cell) => cell.h - cell.cy));
    line.over = Math.max(0, ...line.arcs.map((arc) => rise(line, arc) - line.up));
    line.y = y + line.over;
    y = line.y + line.up + line.down + spaces.gutter + STEP * line.under;
  }
  flow.h = y - spaces.gutter;
}

/** How far above the middle of its line an arc runs. @param {Line} line @param {Arc} arc */
export function rise(line, arc) {
  const passed = line.cells.filter((cell) => cell.at >= arc.from && cell.at <= arc.to);
  return Math.max(0, ...passed.map((cell) => cell.cy)) + CLEAR + STEP * arc.track;
}

/** @param {Cell} cell @param {Cell | undefined} before @param {Spaces} spaces */
function height(cell, before, spaces) {
  cell.flows.forEach((each) => settle(each, spaces));
  if (cell.element.type === "frame") {
    cell.h = spaces.header + cell.flows[0].h + spaces.pad;
    cell.cy = spaces.header + enter(cell.flows[0]);
  } else if (cell.element.type === "lanes") {
    cell.h = cell.flows.reduce((sum, each) => sum + each.h + spaces.lane, -spaces.lane);
    const last = cell.flows[cell.flows.length - 1];
    cell.cy = (enter(cell.flows[0]) + cell.h - last.h + enter(last)) / 2;
  } else if (cell.size.stretch && before?.element.type === "lanes") {
    cell.cy = before.cy;
    cell.h = Math.max(cell.size.h, before.h - (cell.size.tail ?? 0));
  }
}

/** Height of the middle of the first line. @param {Flow} flow */
const enter = (flow) => flow.lines[0].y + flow.lines[0].up;

/** @param {Flow} flow @param {number} x @param {number} y @param {Spaces} spaces @param {number} [width] lines are spread over it */
export function place(flow, x, y, spaces, width = 0) {
  Object.assign(flow, { x, y });
  for (const line of flow.lines) {
    const gaps = line.cells.filter((cell, at) => at && between(line.cells[at - 1], cell, spaces)).length;
    const free = gaps && width > line.w ? Math.min(spaces.stretch, (width - line.w) / gaps) : 0;
    let left = x;
    line.cells.forEach((cell, at) => {
      const gap = at ? between(line.cells[at - 1], cell, spaces) : 0;
      left += gap && gap + free;
      Object.assign(cell, { x: left, y: y + line.y + line.up - cell.cy });
      left += cell.w;
      inside(cell, spaces);
    });
    line.w = left - x;
  }
  flow.w = Math.max(0, ...flow.lines.map((line) => line.w));
}

/** @param {Cell} cell @param {Spaces} spaces */
function inside(cell, spaces) {
  if (cell.element.type === "frame") return place(cell.flows[0], cell.x + spaces.pad, cell.y + spaces.header, spaces);
  let { y } = cell;
  for (const each of cell.flows) {
    place(each, cell.x + spaces.fan, y, spaces);
    y += each.h + spaces.lane;
  }
}

/** All cells, those inside others after them. @param {Flow} flow @returns {Cell[]} */
export const cellsOf = (flow) => flow.cells.flatMap((cell) => [cell, ...cell.flows.flatMap(cellsOf)]);

/** A cell and those it stands in, the outermost first. @param {Cell} cell @returns {Cell[]} */
export function chain(cell) {
  const found = [cell];
  for (let each = cell.flow.cell; each; each = each.flow.cell) found.unshift(each);
  return found;
}
