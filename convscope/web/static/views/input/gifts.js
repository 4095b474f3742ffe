/** Another input from the person: a file that is chosen, dropped or pasted, or one drawn by hand. */

import { button, el } from "../../draw/dom.js";
import { drawing } from "./drawing.js";
import { isEditing, toggleEdit } from "./edit.js";

/** @typedef {import("../../main.js").Context} Context */
/** @typedef {import("../../messages").Graph} Graph */

const LARGEST = 32 * 2 ** 20; // the server takes no more

/** @param {Graph} graph @param {Context} context */
export function gifts(graph, context) {
  const { session, t } = context;
  if (session.saved) return null;
  listen(context);
  const file = /** @type {HTMLInputElement} */ (el("input", { type: "file", hidden: true, onchange: () => file.files?.[0] && send(file.files[0], context) }));
  return el("div.gifts", {},
    file,
    button(t("Upload"), { title: t("or drop a file on the page, or paste a picture"), "data-focus": "upload", onclick: () => file.click() }, "upload"),
    canDraw(graph, context) && button(t("Draw"), { "data-focus": "draw", onclick: () => drawing(graph, context) }, "draw"),
    button(t("Edit"), { "data-focus": "edit", title: t("change numbers of this input and see everything follow"), "aria-pressed": String(isEditing(context)), onclick: () => toggleEdit(context) }));
}

/** Small grey pictures and one-channel signals. @param {Graph} graph @param {Context} context */
function canDraw({ input: { look } }, { session }) {
  const [channels, ...space] = look.numbers.shape;
  const fits = channels === 1 && ((look.kind === "image" && Math.max(...space) <= 64) || (look.kind === "signal" && space.length === 1));
  return session.canDraw || fits;
}

/** @param {File} file @param {Context} context */
function send(file, { act, say, t }) {
  if (file.size > LARGEST) return say(t("This file has {size} MiB; the page takes up to 32.", { size: (file.size / 2 ** 20).toFixed(0) }));
  return act(`input?name=${encodeURIComponent(file.name)}`, file);
}

/** Drop and paste anywhere on the page, heard from when the column is first drawn. @param {Context} context */
function listen(context) {
  const heard = context.memory("gifts", () => ({ context: /** @type {Context | null} */ (null) }));
  const first = !heard.context;
  heard.context = context;
  if (!first) return;
  const over = (/** @type {boolean} */ on) => context.document.body.classList.toggle("dropping", on);
  const take = (/** @type {File | undefined} */ file) => file && heard.context && send(file, heard.context);
  context.listen("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    over(true);
  });
  context.listen("dragleave", (event) => event.relatedTarget === null && over(false));
  context.listen("drop", (event) => {
    over(false);
    if (event.dataTransfer?.files[0]) event.preventDefault();
    take(event.dataTransfer?.files[0]);
  });
  context.listen("paste", (event) => take(event.clipboardData?.files[0]));
}
