/** Strokes of a pen, as points in a square of side 1 (x to the right, y down), on their way to numbers. Pure. */

/** @typedef {[number, number]} Point */
/** @typedef {{points: Point[], width: number}} Stroke width: as a share of the square's side */

const ROOM = 20 / 28; // a digit of MNIST fills 20 of 28 pixels (yann.lecun.com/exdb/mnist)

/** As large as a digit of MNIST is, and in the middle. @param {Stroke[]} strokes @returns {Stroke[]} */
export function fitted(strokes) {
  const points = strokes.flatMap((stroke) => stroke.points);
  if (!points.length) return strokes;
  const half = Math.max(...strokes.map(({ width }) => width)) / 2;
  const low = [0, 1].map((axis) => Math.min(...points.map((point) => point[axis])) - half);
  const high = [0, 1].map((axis) => Math.max(...points.map((point) => point[axis])) + half);
  const grow = Math.min(ROOM / Math.max(high[0] - low[0], high[1] - low[1]), 3); // a dot stays a dot
  const move = (/** @type {number} */ value, /** @type {number} */ axis) => 0.5 + (value - (low[axis] + high[axis]) / 2) * grow;
  return strokes.map(({ points: each, width }) => ({ width, points: each.map(([x, y]) => [move(x, 0), move(y, 1)]) }));
}

/**
 * How much of each pixel the pen covers, 0..1.
 * @param {Stroke[]} strokes @param {number} height @param {number} width @param {number} [fine] samples a pixel and axis
 */
export function inked(strokes, height, width, fine = 3) {
  const values = new Float32Array(height * width);
  const share = 1 / (fine * fine);
  for (let row = 0; row < height * fine; row += 1) {
    for (let column = 0; column < width * fine; column += 1) {
      const at = /** @type {Point} */ ([(column + 0.5) / (width * fine), (row + 0.5) / (height * fine)]);
      if (strokes.some((stroke) => touches(stroke, at))) values[Math.floor(row / fine) * width + Math.floor(column / fine)] += share;
    }
  }
  return values.map((value) => Math.min(1, value));
}

/** @param {Stroke} stroke @param {Point} at */
function touches({ points, width }, at) {
  const reach = (width / 2) ** 2;
  return points.some((point, place) => squared(at, points[Math.max(0, place - 1)], point) <= reach);
}

/** Squared distance of a point from a line between two. @param {Point} at @param {Point} from @param {Point} to */
function squared([x, y], from, to) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = dx * dx + dy * dy;
  const along = length ? Math.max(0, Math.min(1, ((x - from[0]) * dx + (y - from[1]) * dy) / length)) : 0;
  return (x - from[0] - along * dx) ** 2 + (y - from[1] - along * dy) ** 2;
}

/** Moved by whole pixels so that the centre of mass is in the middle. @param {Float32Array} values @param {number} height @param {number} width */
export function centred(values, height, width) {
  let [sum, rows, columns] = [0, 0, 0];
  values.forEach((value, place) => {
    sum += value;
    rows += value * (Math.floor(place / width) + 0.5);
    columns += value * ((place % width) + 0.5);
  });
  if (!sum) return values;
  const [down, right] = [Math.round(height / 2 - rows / sum), Math.round(width / 2 - columns / sum)];
  return values.map((_, place) => {
    const [row, column] = [Math.floor(place / width) - down, (place % width) - right];
    return row >= 0 && row < height && column >= 0 && column < width ? values[row * width + column] : 0;
  });
}

/**
 * A line drawn by hand as numbers: where a stroke went the height of it, later strokes over earlier ones.
 * @param {Stroke[]} strokes @param {Float32Array} base what stands where nothing was drawn
 * @param {[number, number]} range value at the bottom, value at the top
 */
export function traced(strokes, base, [low, high]) {
  const values = Float32Array.from(base);
  const last = values.length - 1;
  for (const { points } of strokes) {
    points.forEach((point, place) => {
      const before = points[Math.max(0, place - 1)];
      const [from, to] = [before, point].map(([x]) => Math.round(Math.max(0, Math.min(1, x)) * last));
      for (let at = Math.min(from, to); at <= Math.max(from, to); at += 1) {
        const along = from === to ? 1 : (at - from) / (to - from);
        values[at] = high - (high - low) * Math.max(0, Math.min(1, before[1] + (point[1] - before[1]) * along));
      }
    });
  }
  return values;
}
