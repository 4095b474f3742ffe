/**
 * Elements in one line, of the page's document, which this file alone names; in node, tests set it. Text always goes in as text: nothing a server
 * sends can become markup.
 */

/**
 * An element: "button.main", its attributes (on… are listeners), its children.
 * @param {string} tag name and classes, "div" where the name is left out
 * @param {Record<string, any>} [props]
 * @param {...any} children elements and strings; null, undefined and false are left out, lists are opened
 * @returns {HTMLElement}
 */
export function el(tag, props = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const node = document.createElement(name || "div");
  if (classes.length) node.className = classes.join(" ");
  set(node, props);
  node.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** The same for SVG. @param {string} tag @param {Record<string, any>} [props] @param {...any} children @returns {SVGElement} */
export const svg = (tag, props = {}, ...children) => /** @type {SVGElement} */ (inside("http://www.w3.org/2000/svg", tag, props, children));

/** The same for MathML. @param {string} tag @param {Record<string, any>} [props] @param {...any} children @returns {MathMLElement} */
export const math = (tag, props = {}, ...children) => /** @type {MathMLElement} */ (inside("http://www.w3.org/1998/Math/MathML", tag, props, children));

/** @param {string} space @param {string} tag @param {Record<string, any>} props @param {any[]} children */
function inside(space, tag, props, children) {
  const node = document.createElementNS(space, tag);
  set(node, props);
  node.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** @param {any} node @param {Record<string, any>} props */
function set(node, props) {
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "style") Object.entries(value).forEach(([name, each]) => each !== null && node.style.setProperty(name, String(each)));
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
}

/** The element that has the theme and the language. */
export const root = () => document.documentElement;

/** What tokens.css says, in the theme in force: "--line". @param {string} name */
export const token = (name) => getComputedStyle(root()).getPropertyValue(name).trim();

/** The same as a number: "700ms" is 700. @param {string} name @param {number} [otherwise] */
export const amount = (name, otherwise = 0) => parseFloat(token(name)) || otherwise;

/** New children, with the focus where it was. @param {Element} box @param {(Node | string | null | undefined | false)[]} children */
export function put(box, children) {
  const { activeElement } = box.ownerDocument;
  const focused = activeElement && box.contains(activeElement) ? activeElement.getAttribute("data-focus") : null;
  box.replaceChildren(.../** @type {(Node | string)[]} */ (children.filter(Boolean)));
  const again = focused && Array.from(box.querySelectorAll("[data-focus]")).find((each) => each.getAttribute("data-focus") === focused);
  if (again) /** @type {HTMLElement} */ (again).focus({ preventScroll: true });
}

const PATHS = {
  play: "M4 2.5v9l7.5-4.5z",
  pause: "M4.5 3v8M9.5 3v8",
  copy: "M5 5h7v7H5zM2 9V2h7",
  check: "M2.5 7.5l3 3 6-7",
  cross: "M3 3l8 8M11 3l-8 8",
  save: "M7 2v7M4 6.5L7 9.5l3-3M2.5 12h9",
  back: "M9 3L5 7l4 4",
  next: "M5 3l4 4-4 4",
  sun: "M7 4.2a2.8 2.8 0 100 5.6 2.8 2.8 0 000-5.6zM7 .8v1M7 12.2v1M.8 7h1M12.2 7h1",
  upload: "M7 9.5V2.5M4 5l3-3 3 3M2.5 12h9",
  draw: "M2.5 11.5l.6-2.6L9.6 2.4l2 2-6.5 6.5z",
  reset: "M3 7a4 4 0 108-1M11 2v4H7",
};

/** @param {keyof typeof PATHS} name */
export function icon(name) {
  const drawn = svg("svg", { viewBox: "0 0 14 14", "aria-hidden": "true" }, svg("path", { d: PATHS[name] }));
  if (name === "play") drawn.style.fill = "currentColor";
  return drawn;
}

/**
 * @param {string} label what it says; "" for a square one with an aria-label
 * @param {Record<string, any>} [props] `kind` is a class: "main-action", "square"
 * @param {keyof typeof PATHS | null} [glyph]
 */
export function button(label, { kind, ...props } = {}, glyph = null) {
  return el(`button.button${kind ? `.${kind}` : ""}`, { type: "button", ...props }, glyph && icon(glyph), label);
}

/**
 * One of a few, side by side.
 * @param {{id: string, text: string, count?: string}[]} options
 * @param {string} chosen
 * @param {{label: string, wide?: boolean, choose: (id: string) => void}} props
 */
export function segments(options, chosen, { label, wide, choose }) {
  const parts = options.map(({ id, text, count }) =>
    el("button", { type: "button", "aria-pressed": String(id === chosen), onclick: () => choose(id) }, text, count !== undefined && el("i", {}, count)));
  return el(`div.segments${wide ? ".wide" : ""}`, { role: "group", "aria-label": label }, parts);
}

/** A part of the right side. @param {...any} children */
export const section = (...children) => el("section", {}, ...children);
