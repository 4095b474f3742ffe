/** Take away: how large the page is as one file, then the file. */

import { button, el, icon } from "./draw/dom.js";
import { size } from "./draw/numbers.js";
import { t } from "./texts.js";

/** @param {Promise<import("./messages").Saving>} saving @param {import("./main.js").Context} context */
export async function takeAway(saving, { document }) {
  const words = el("p.soft", { "aria-live": "polite" }, t("Working out what goes into the file …"));
  const actions = el("div.choices", {}, button(t("Close"), { onclick: () => dialog.close() }));
  const dialog = /** @type {HTMLDialogElement} */ (el("dialog.take-away", { "aria-label": t("Save page") }, el("h2", {}, t("One HTML file that opens offline")), words, actions));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  try {
    const found = await saving;
    words.textContent = t("About {size}, with {samples} samples, from the whole network down to single numbers. It loads nothing and sends nothing; whoever gets it needs a browser only.", { size: size(found.bytes), samples: found.samples });
    const link = el("a.button.main-action", { href: "save", download: found.name, onclick: () => dialog.close() }, icon("save"), t("Save {name}", { name: found.name }));
    actions.prepend(link);
    link.focus();
  } catch (error) {
    words.textContent = error instanceof Error ? error.message : String(error);
  }
}
