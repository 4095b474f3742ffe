/** Why the model stopped: one sentence, where, the cause and what to change. The only place with red. */

import { button, el, icon } from "../draw/dom.js";
import { flash } from "./operation.js";

/** @param {import("../messages").Failure} failure @param {import("../main.js").Context} context @returns {Node[]} */
export function failure({ words, what, where, cause, axis, fix, tried, source }, { t }) {
  const reasons = [cause, axis].filter(Boolean);
  return [
    el("div.verdict", { role: "alert" },
      el("span.mark", { "aria-hidden": "true" }, "!"), el("h2", {}, what || words),
      el("p", {}, t("Stopped at {where}. Everything up to there was captured and can be opened.", { where: where || "?" }))),
    el("div.two", {},
      reasons.length > 0 && el("section.panel", {}, el("header", {}, el("h2", {}, t("Why"))), reasons.map((text) => el("p.reason", {}, text)), source && code(source)),
      fix && repair(fix, tried, t),
      el("section.panel", {}, el("header", {}, el("h2", {}, t("PyTorch said"))), el("p.quote", {}, words), !reasons.length && source && code(source))),
  ];
}

/** @param {import("../messages").SourceLine} source */
const code = ({ file, line, text }) => el("code.source", {}, el("a", {}, `${file.split("/").pop()}:${line}`), text.trim());

/** What to change, to copy. @param {string} fix @param {string} tried @param {import("../main.js").Context["t"]} t */
function repair(fix, tried, t) {
  const copy = button(t("Copy"), { kind: "main-action", onclick: () => navigator.clipboard.writeText(fix).then(() => flash(copy, t("Copied"))) }, "copy");
  return el("section.panel", {}, el("header", {}, el("h2", {}, t("The fix")), copy), el("pre.fix", {}, fix), tried && el("div.below", {}, el("span.proof", {}, icon("check"), tried)));
}
