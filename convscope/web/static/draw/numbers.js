/** Numbers for people: a true minus, narrow spaces between thousands, powers of ten written as such. */

/** What is no finite number, in words; a message has null for it. @param {number | null} value */
function odd(value) {
  if (value === null) return "NaN/∞";
  return Number.isNaN(value) ? "NaN" : value < 0 ? "−∞" : "∞";
}

/** @param {number} value @param {number} [digits] */
export const fixed = (value, digits = 3) => (Number.isFinite(value) ? `${value < 0 ? "−" : ""}${Math.abs(value).toFixed(digits)}` : odd(value));

/** @param {number} value @param {number} [digits] */
export const signed = (value, digits = 3) => (value > 0 || value === 0 ? "+" : "") + fixed(value, digits);

const grouped = new Intl.NumberFormat("en-US"); // made once: that takes longer than all else here

/** @param {number} value a whole number */
export const count = (value) => grouped.format(value).replace(/,/g, "\u202f");

/** Millions and more in three digits: 23.5 M. @param {number} value a whole number */
export function brief(value) {
  const step = ["", "k", "M", "G", "T"][Math.min(4, Math.floor(Math.log10(Math.max(1, value)) / 3))];
  if (value < 1e6) return count(value);
  return `${Number((value / 1000 ** ["", "k", "M", "G", "T"].indexOf(step)).toPrecision(3))}\u202f${step}`;
}

/** 1.8×10⁻⁶. @param {number} value finite */
export function power(value) {
  if (value === 0) return "0";
  const exponent = Number(value.toExponential(1).split("e")[1]);
  const raised = String(exponent).replace("-", "⁻").replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]);
  return `${fixed(value / 10 ** exponent, 1)}×10${raised}`;
}

/** As few digits as say it: 0.1235, 12.3, 1.2×10⁻⁶. @param {number} value @param {number} [digits] significant ones */
export function plain(value, digits = 4) {
  if (!Number.isFinite(value)) return odd(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) return power(value);
  const text = Number(size.toPrecision(digits)).toString();
  return `${value < 0 ? "−" : ""}${text}`;
}

/** 16×28×28. @param {number[]} sizes */
export const shape = (sizes) => (sizes.length ? sizes.join("×") : "1");

/** @param {number} seconds */
export function time(seconds) {
  if (seconds < 1e-3) return `${(seconds * 1e6).toFixed(0)} µs`;
  return seconds < 1 ? `${(seconds * 1e3).toFixed(2)} ms` : `${seconds.toFixed(2)} s`;
}

/** @param {number} bytes */
export function size(bytes) {
  const step = Math.min(3, Math.max(0, Math.floor(Math.log2(bytes || 1) / 10)));
  return `${(bytes / 1024 ** step).toFixed(step ? 1 : 0)} ${["B", "KiB", "MiB", "GiB"][step]}`;
}

/** @param {number} share 0..1 @param {number} [digits] */
export const percent = (share, digits = 1) => (Number.isFinite(share) ? `${(100 * share).toFixed(digits)}\u202f%` : odd(share));
