/** What a view leaves on the screen as long as all that it was made of is the same: drawing anew then changes a few classes. */

/**
 * @template T
 * @param {import("../main.js").Context} context @param {string} key whose it is
 * @param {any[]} given what it is made of; theme and language are always among it
 * @param {() => T} build
 * @returns {T} what was built last; built anew where one of `given` is another
 */
export function kept({ document, memory }, key, given, build) {
  const { dataset, lang } = document.documentElement;
  const of = [...given, dataset.theme, lang];
  const last = memory(`kept ${key}`, () => ({ of: /** @type {any[]} */ ([]), made: /** @type {T | null} */ (null) }));
  if (last.of.length !== of.length || last.of.some((each, place) => each !== of[place])) Object.assign(last, { of, made: build() });
  return /** @type {T} */ (last.made);
}

/** A message that a view can do without: null while it is on its way, and where it cannot be had. @template T @param {T | Error | undefined} message @returns {T | null} */
export const came = (message) => (message instanceof Error || message === undefined ? null : message);
