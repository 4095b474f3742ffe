/** What the input is called. */

/** @param {import("../../messages").Graph["input"]} input @param {import("../../main.js").Context["t"]} t */
export function named({ place, caption, change }, t) {
  const number = place?.number ?? 0;
  /** @type {Record<string, string>} */
  const names = { train: t("training sample {number}", { number }), val: t("validation sample {number}", { number }), test: t("test sample {number}", { number }) };
  return [place && names[place.part], caption, change].filter(Boolean).join(", ");
}
