/** To be written. */

/** @param {import("../state.js").State} state @returns {Record<string, string>} */
export const needs = (state) => ({});

/** @param {any} messages @param {import("../main.js").Context} context @returns {(Node | string)[]} */
export const draw = (messages, context) => [];
