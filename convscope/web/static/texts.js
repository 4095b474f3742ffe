/** Words in the person's language. English is the key; a language file maps it to another (lang/*.js). */

import hans from "./lang/zh-Hans.js";
import hant from "./lang/zh-Hant.js";

/** @type {Record<string, Record<string, string>>} */
const LANGUAGES = { en: {}, "zh-Hans": hans, "zh-Hant": hant };
export const NAMES = [{ id: "en", text: "EN" }, { id: "zh-Hans", text: "简" }, { id: "zh-Hant", text: "繁" }];

/**
 * The text in the page's language; {names} are filled in.
 * @param {string} text English
 * @param {Record<string, string | number>} [values]
 */
export function t(text, values = {}) {
  const found = LANGUAGES[document.documentElement.lang]?.[text] ?? text;
  return found.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}
