/** Where a number stands, and which way one looks at it. */

import { segments } from "../../draw/dom.js";

/** @typedef {import("../../main.js").Context} Context */

/** Forward or backward. @param {Context} context */
export function way({ state, t, go }) {
  const options = [{ id: "forward", text: t("Forward") }, { id: "backward", text: t("Backward") }];
  return segments(options, state.way, { label: t("Direction"), choose: (id) => go({ way: /** @type {"forward" | "backward"} */ (id) }) });
}


/** The index in the channel's space, null where it does not fit. @param {number[] | null} at @param {number[]} space */
export function placed(at, space) {
  if (!at || at.length !== space.length) return null;
  return at.every((place, axis) => place >= 0 && place < space[axis]) ? at : null;
}

/** Where the message about one number is; sample, channel, place. @param {{index: number, channel: number}} channel @param {number[]} at */
export const address = ({ index, channel }, at) => `number/${index}?at=${[0, channel, ...at].join(",")}`;
