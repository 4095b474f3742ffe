/** Another input from the person: a file that is chosen, dropped or pasted, or one drawn by hand. */

import { button, el } from "../../draw/dom.js";
import { drawing } from "./drawing.js";
import { isEditing, toggleEdit } from "./edit.js";

/** @typedef {import("../../main.js").Context} Context */
/** @typedef {import("../../messages").Graph} Graph */

const LARGEST = 32 * 2 ** 20; // the server takes no more

/** @type {Context | null} */
let latest = null; // drops and pastes come from the whole page

/** @param {Graph} graph @param {Context} context */
export function gifts(graph, context) {
  const { session, t } = context;
  if (session.saved) return null;
  if (!latest) listen();
  latest = context;
  const file = /** @type {HTMLInputElement} */ (el("input", { type: "file", hidden: true, onchange: () => file.files?.[0] && send(file.files[0], context) }));
  return el("div.gifts", {},
    file,
    button(t("Upload"), { title: t("or drop a file on the page, or paste a picture"), "data-focus": "upload", onclick: () => file.click() }, "upload"),
    canDraw(graph, context) && button(t("Draw"), { "data-focus": "draw", onclick: () => drawing(graph, context) }, "draw"),
    button(t("Edit"), { "data-focus": "edit", title: t("change numbers of this input and see everything follow"), "aria-pressed": String(isEditing()), onclick: () => toggleEdit(context) }));
}

/** Small grey pictures and one-channel signals. @param {Graph} graph @param {Context} context */
function canDraw({ input: { look } }, { session }) {
  const [channels, ...space] = look.numbers.shape;
  const fits = channels === 1 && ((look.kind === "image" && Math.max(...space) <= 64) || (look.kind === "signal" && space.length === 1));
  return session.canDraw || fits;
}

/** @param {File} file @param {Context} context */
function send(file, { act, t }) {
  if (file.size > LARGEST) return tell(t("This file has {size} MiB; the page takes up to 32.", { size: (file.size / 2 ** 20).toFixed(0) }));
  return act(`input?name=${encodeURIComponent(file.name)}`, file);
}

/** @param {string} words */
function tell(words) {
  const note = el("div.toast", { role: "alert" }, words);
  document.body.append(note);
  setTimeout(() => note.remove(), 8000);
}

/** Drop and paste, once for the page. */
function listen() {
  const over = (/** @type {boolean} */ on) => document.body.classList.toggle("dropping", on);
  addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    over(true);
  });
  addEventListener("dragleave", (event) => event.relatedTarget === null && over(false));
  addEventListener("drop", (event) => {
    over(false);
    const file = event.dataTransfer?.files[0];
    if (!file || !latest) return;
    event.preventDefault();
    send(file, latest);
  });
  addEventListener("paste", (event) => {
    const file = event.clipboardData?.files[0];
    if (file && latest) send(file, latest);
  });
}
