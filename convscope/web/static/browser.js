/** What the browser gives a view: the document, the clock, the size of the window. In node, tests give their own. */

/**
 * @typedef {object} Browser
 * @property {Document} document
 * @property {Clock} clock
 * @property {Screen} screen
 * @property {(type: string, hear: (event: any) => void, options?: AddEventListenerOptions) => void} listen to the whole window
 * @property {(node: Element, hear: () => void) => void} resized hear when an element has another size
 * @property {(text: string) => Promise<boolean>} copy to the clipboard; false where that is not allowed
 * @property {(name: string, value: string) => void} remember for the next visit
 */

/**
 * @typedef {object} Clock
 * @property {(ms: number, act: () => void) => number} after
 * @property {(ms: number, act: () => void) => number} every
 * @property {(timer: number) => void} stop
 * @property {(act: () => void) => void} painted act once the browser has shown what there is
 */

/** @typedef {{width: number, height: number, low: boolean, main: () => number}} Screen low: fewer rows, never smaller text; main: width inside the middle column, for which the browser must lay the page out */

/** @returns {Browser} */
export function browser() {
  return {
    document,
    clock: {
      after: (ms, act) => window.setTimeout(act, ms),
      every: (ms, act) => window.setInterval(act, ms),
      stop: (timer) => window.clearTimeout(timer),
      painted: (act) => requestAnimationFrame(() => window.setTimeout(act)),
    },
    screen: { width: innerWidth, height: innerHeight, low: innerHeight <= 760 && innerWidth > 959, main: inside },
    listen: (type, hear, options) => addEventListener(type, hear, options),
    resized: (node, hear) => new ResizeObserver(() => node.isConnected && hear()).observe(node),
    copy: (text) => navigator.clipboard.writeText(text).then(() => true, () => false),
    remember,
  };
}

function inside() {
  const main = document.querySelector(".explorer > .main");
  return main ? main.clientWidth - 2 * parseFloat(getComputedStyle(main).paddingLeft) : innerWidth - (innerWidth > 959 ? 600 : 32);
}

/** @param {string} name @param {string} value */
function remember(name, value) {
  try {
    localStorage.setItem(`convscope.${name}`, value);
  } catch {
    // a page opened from disk may have no storage; then it is for this visit
  }
}
