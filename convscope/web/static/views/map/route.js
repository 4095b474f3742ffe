/** The lines between boxes: straight on, over what lies between, or along the gutter to another line. Pure. */

import { chain, CLEAR, rise, STEP } from "./flow.js";

/** @typedef {import("./flow.js").Cell} Cell */
/** @typedef {import("./flow.js").Flow} Flow */
/** @typedef {import("./flow.js").Line} Line */
/** @typedef {import("./flow.js").Arc} Arc */
/**
 * @typedef {object} Way how an edge goes
 * @property {"on" | "wrap" | "arc" | "far"} type
 * @property {Cell} from @property {Cell} to
 * @property {Cell} left @property {Cell} right the two cells of one flow that hold the ends
 * @property {Line | null} line @property {Arc | null} arc
 * @property {boolean} starts @property {boolean} ends whether it leaves the last, meets the first cell of what holds it
 * @property {number} track in the gutter below the upper line @property {number} goal in the one above the line it goes to
 * @property {number} side beside the lines
 * @property {Cell | null} into what it enters from the left, in an open block
 */

const ROUND = 10;
const MOST = 8; // tracks side by side; further edges share the last
const AWAY = 6; // between an edge and the box it meets

/** How an edge goes; room for it is noted in the line. @param {Cell} from @param {Cell} to @returns {Way} */
export function way(from, to) {
  const a = chain(from);
  const b = chain(to);
  let depth = 0;
  while (depth < a.length - 1 && depth < b.length - 1 && a[depth] === b[depth]) depth += 1;
  const [left, right] = [a[depth], b[depth]];
  const starts = a.slice(depth + 1).every((cell) => cell.at === cell.flow.cells.length - 1);
  const ends = b.slice(depth + 1).every((cell) => cell.at === 0);
  /** @type {Way} */
  const found = { type: "on", from, to, left, right, line: null, arc: null, starts, ends, track: 0, goal: 0, side: 0, into: null };
  if (left.flow !== right.flow) return found;
  const next = right.at === left.at + 1;
  if (left.line !== right.line) return leave(found, next && starts && ends, b.slice(depth + 1));
  if (next && starts && ends) return found;
  return over(found, next, a.slice(depth + 1), b.slice(depth + 1));
}

/** To another line. @param {Way} found @param {boolean} plain @param {Cell[]} b below the right one */
function leave(found, plain, b) {
  found.type = plain ? "wrap" : "far";
  const { lines } = found.left.flow;
  const line = lines[found.left.line];
  const last = lines[Math.max(0, found.right.line - 1)];
  found.line = line;
  if (plain) return found;
  found.track = line.under = Math.min(MOST, line.under + 1);
  found.goal = last === line ? found.track : (last.under = Math.min(MOST, last.under + 1));
  found.into = b.find((cell) => cell.at > 0) ?? null;
  if (last !== line || found.into) found.side = found.left.flow.aside = Math.min(MOST, found.left.flow.aside + 1);
  return found;
}

/** Over what lies between. @param {Way} found @param {boolean} next @param {Cell[]} a below the left one @param {Cell[]} b below the right one */
function over(found, next, a, b) {
  found.type = "arc";
  const inner = next && (b.find((cell) => cell.at > 0) ?? null);
  const outer = next && !inner && (a.find((cell) => cell.at < cell.flow.cells.length - 1) ?? null);
  const cell = inner || outer || found.left;
  /** @type {Arc} */
  let arc = { from: found.left.at + (found.starts ? 1 : 0), to: found.right.at - (found.ends ? 1 : 0), track: 0 };
  if (inner) arc = { from: 0, to: inner.at - 1, track: 0 };
  if (outer) arc = { from: outer.at + 1, to: outer.flow.cells.length - 1, track: 0 };
  found.line = cell.flow.lines[inner ? inner.line : cell.line];
  found.arc = arc;
  found.line.arcs.push(arc);
  return found;
}

/** Arcs over the same cells get one track each, the shorter below. @param {Line} line */
export function tracks(line) {
  const sorted = line.arcs.toSorted((a, b) => a.to - a.from - (b.to - b.from));
  sorted.forEach((arc, at) => {
    const taken = new Set(sorted.slice(0, at).filter((other) => other.from <= arc.to && arc.from <= other.to).map((other) => other.track));
    while (taken.has(arc.track) && arc.track < 9) arc.track += 1;
  });
}

/** The path of an edge, as SVG has it. @param {Way} found @param {number | null} meet height on a bar cut in parts */
export function path(found, meet) {
  const { from, to, type } = found;
  const start = [from.x + from.size.port + AWAY, from.y + from.cy];
  const end = [to.x - (meet === null ? AWAY : 0), meet ?? to.y + to.cy];
  if (type === "on") return curve(start, end);
  if (type === "wrap") return wrap(found, start, end);
  if (type === "arc") return arc(found, start);
  return far(found, start, end);
}

/** @param {number[]} start @param {number[]} end */
function curve([x0, y0], [x1, y1]) {
  if (Math.abs(y0 - y1) < 0.5) return `M${n(x0)} ${n(y0)}H${n(Math.max(x0, x1))}`;
  const reach = Math.min(64, Math.max(24, (x1 - x0) / 2));
  const bend = Math.max(x0, x1 - 2 * reach);
  const middle = (bend + x1) / 2;
  return `M${n(x0)} ${n(y0)}H${n(bend)}C${n(middle)} ${n(y0)} ${n(middle)} ${n(y1)} ${n(x1)} ${n(y1)}`;
}

/** @param {Way} found @param {number[]} start @param {number[]} end */
function wrap({ left, right }, [x0, y0], [x1, y1]) {
  const { flow } = left;
  const side = Math.max(flow.x + flow.w + 9, x0 + 3);
  const edge = flow.x - (flow.cell ? 9 : 14);
  const below = gutter(flow, flow.lines[right.line - 1]);
  return rounded([[x0, y0], [side, y0], [side, below], [edge, below], [edge, y1], [x1, y1]]);
}

/** @param {Way} found @param {number[]} start */
function arc({ to, line, arc: over, starts, right }, [x0, y0]) {
  if (!line || !over) return "";
  const first = line.cells[0];
  const level = first.y + first.cy - rise(line, over);
  const inner = line.cells.includes(right) || !starts ? x0 + 4 : Math.max(x0 + 4, first.x - 8);
  const [x1, y1] = [to.x + Math.min(to.w, to.size.port) / 2, to.y + to.cy - Math.min(to.cy, to.size.cy) - 4];
  return rounded([[x0, y0], [inner, y0], [inner, level], [x1, level], [x1, y1]]);
}

/** @param {Way} found @param {number[]} start @param {number[]} end */
function far({ from, left, right, to, track, goal, side, ends, into }, [x0, y0], [x1, y1]) {
  const { flow } = left;
  const aside = flow.x - 14 - STEP * side;
  const below = gutter(flow, flow.lines[left.line]) + STEP * track;
  const last = gutter(flow, flow.lines[Math.max(0, right.line - 1)]) + STEP * goal;
  const finish = ends || to.size.stretch ? [[x1 - 10, last], [x1 - 10, y1], [x1, y1]] : [[to.x + to.size.port / 2, last], [to.x + to.size.port / 2, to.y + to.cy - to.size.cy - 4]];
  const turn = side ? [[aside, below], [aside, last]] : [];
  const down = Math.max(x0 + 5, from.x + from.w + 6);
  const top = [to.x + Math.min(to.w, to.size.port) / 2, to.y + to.cy - Math.min(to.cy, to.size.cy) - 4];
  if (into && !to.size.stretch) return rounded([[x0, y0], [down, y0], [down, below], [aside, below], [aside, above(into)], [top[0], above(into)], top]);
  return rounded([[x0, y0], [down, y0], [down, below], ...turn, ...finish]);
}

/** Height of the free strip above the line that a cell stands in. @param {Cell} cell */
function above({ flow, line }) {
  return line ? gutter(flow, flow.lines[line - 1]) + STEP : flow.y + flow.lines[0].y - 6;
}

/** Height of the free strip below a line. @param {Flow} flow @param {Line} line */
const gutter = (flow, line) => flow.y + line.y + line.up + line.down + CLEAR;

/** A path along corners, each a quarter of a circle. @param {number[][]} points */
function rounded(points) {
  let d = `M${n(points[0][0])} ${n(points[0][1])}`;
  for (let at = 1; at < points.length - 1; at += 1) {
    const [before, here, after] = [points[at - 1], points[at], points[at + 1]];
    const round = Math.min(ROUND, distance(before, here) / 2, distance(here, after) / 2);
    const from = toward(here, before, round);
    const to = toward(here, after, round);
    d += `L${n(from[0])} ${n(from[1])}Q${n(here[0])} ${n(here[1])} ${n(to[0])} ${n(to[1])}`;
  }
  const end = points[points.length - 1];
  return `${d}L${n(end[0])} ${n(end[1])}`;
}

/** @param {number[]} a @param {number[]} b */
const distance = (a, b) => Math.abs(a[0] - b[0]) + Math.abs(a[1] - b[1]);

/** @param {number[]} from @param {number[]} to @param {number} way */
function toward(from, to, way) {
  const all = distance(from, to) || 1;
  return [from[0] + ((to[0] - from[0]) * way) / all, from[1] + ((to[1] - from[1]) * way) / all];
}

/** @param {number} value */
const n = (value) => Number(value.toFixed(1));
