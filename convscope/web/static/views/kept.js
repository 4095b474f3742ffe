/** What a view leaves on the screen as long as all that it was made of is the same: drawing anew then changes a few classes. */

/**
 * A place for one such thing.
 * @template T
 * @returns {(of: any[], build: () => T) => T} gives what was built last; builds where one of `of`, the theme or the language is another
 */
export function keeper() {
  /** @type {{of: any[], made: T} | null} */
  let last = null;
  return (given, build) => {
    const { dataset, lang } = document.documentElement;
    const of = [...given, dataset.theme, lang];
    const same = last?.of.length === of.length && last.of.every((each, place) => each === of[place]);
    if (!last || !same) last = { of, made: build() };
    return last.made;
  };
}
