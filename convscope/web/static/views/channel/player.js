/** Play, one step back, one on, and a slider over a row of positions. */

import { amount, button, el, icon } from "../../draw/dom.js";

/**
 * @param {{size: number, at: () => number, label: string, words: (at: number) => string, move: (to: number) => void}} options at: where it is now
 * @param {import("../../main.js").Context} context
 */
export function player({ size, at, label, words, move }, { t, clock, memory }) {
  const playing = memory("playing", () => ({ timer: 0 })); // one at a time
  const by = (/** @type {number} */ steps) => move((((at() + steps) % size) + size) % size);
  const set = (/** @type {boolean} */ on) => {
    clock.stop(playing.timer);
    playing.timer = on ? clock.every(amount("--play-interval", 700), () => (tools.isConnected ? by(1) : set(false))) : 0;
    play.replaceChildren(icon(on ? "pause" : "play"), on ? t("Pause") : t("Play"));
    play.setAttribute("aria-pressed", String(on));
  };
  const press = () => set(play.getAttribute("aria-pressed") !== "true");
  const play = button(t("Play"), { kind: "play", title: t("Space"), "data-focus": "play", "aria-pressed": "false", onclick: press }, "play");
  const slider = /** @type {HTMLInputElement} */ (el("input", { type: "range", min: 0, max: size - 1, "aria-label": label, "data-focus": "position", oninput: () => move(Number(slider.value)) }));
  const tools = el("div.tools", {}, play,
    button("", { kind: "square", "aria-label": t("One step back"), "data-focus": "step-back", onclick: () => by(-1) }, "back"),
    button("", { kind: "square", "aria-label": t("One step on"), "data-focus": "step-on", onclick: () => by(1) }, "next"));
  const show = () => {
    slider.value = String(at());
    slider.setAttribute("aria-valuetext", words(at()));
  };
  return { tools, slider, show, by, press };
}
