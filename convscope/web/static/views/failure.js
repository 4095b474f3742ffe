/** Why the model stopped: one sentence, where, the cause and what to change. The only place with red. */

import { button, el, icon } from "../draw/dom.js";
import { flash } from "./operation.js";

/** @param {import("../messages").Failure} failure @param {import("../main.js").Context} context @returns {[HTMLElement, HTMLElement]} the sentence, and the reasons */
export function failure({ words, what, where, cause, axis, fix, advice, tried, rule, source }, context) {
  const { t } = context;
  const verdict = el("div.verdict", { role: "alert" },
    el("span.mark", { "aria-hidden": "true" }, "!"), el("h1.failed-what", {}, quoted(what || words)),
    el("p", {}, quoted(t("Stopped at {where}. Everything up to there was captured and can be opened.", { where: where || "?" }))));
  const reasons = [cause, axis].filter(Boolean);
  const why = reasons.length > 0 && panel(t("Why"), reasons.map((text) => el("p.reason", {}, quoted(text))), source && code(source), el("p.small.faint", {}, el("code", {}, `convscope rule ${rule}`)));
  const said = panel(t("PyTorch said"), el("p.quote", {}, words), !reasons.length && source && code(source));
  return [verdict, el("div.two", {}, why, el("div.stack", {}, fix && repair(fix, tried, context), advice ? panel(t("The fix"), el("p.reason", {}, quoted(advice))) : null, said))];
}

/** `words` between backticks as code. @param {string} text */
export const quoted = (text) => text.split("`").map((part, at) => (at % 2 ? el("code", {}, part) : part));

/** @param {string} title @param {...any} children */
const panel = (title, ...children) => el("section.panel", {}, el("header", {}, el("h2", {}, title)), children);

/** @param {import("../messages").SourceLine} source */
const code = ({ file, line, text }) => el("code.source", {}, el("a", {}, `${file.split("/").pop()}:${line}`), text.trim());

/** What to change, to copy. @param {string} fix @param {string} tried @param {import("../main.js").Context} context */
function repair(fix, tried, { t, copy: write, clock }) {
  const copy = button(t("Copy"), { kind: "main-action", onclick: () => write(fix).then((done) => done && flash(copy, t("Copied"), clock)) }, "copy");
  return el("section.panel", {}, el("header", {}, el("h2", {}, t("The fix")), copy), el("pre.fix", {}, fix), tried && el("div.below", {}, el("span.proof", {}, icon("check"), tried)));
}
