/** Draw the proof and the terms of explained numbers: node drawn.js MESSAGES OUT; what each shows is written for `test_drawn.py` to add up. */

import { readFileSync, writeFileSync } from "node:fs";
import { contextOf } from "../web/js/page.js";
import { START } from "../../convscope/web/static/state.js";
import * as proof from "../../convscope/web/static/views/proof.js";
import { account } from "../../convscope/web/static/views/channel/terms.js";

const [messages, out] = process.argv.slice(2);
const words = (nodes) => Array.from(nodes, ({ textContent }) => textContent);

/** An element as the server sent it. */
const nested = (node) => (node.nodeType === 3 ? node.textContent : [node.localName, ...Array.from(node.childNodes, nested)]);

/** What a number's proof and its account show. */
function drawn(number) {
  const backward = number.about !== "output";
  const context = contextOf({ ...START, level: "channel", op: 0, channel: 0, at: null, way: backward ? "backward" : "forward" }, {});
  const graph = { operations: [], input: { look: { kind: "image" } } };
  const operation = { name: number.name, settings: "", source: null, replayed: null };
  const box = document.createElement("div");
  box.append(...proof.draw({ graph, operation, channel: { window: null, output: { shape: [] } }, [backward ? "slope" : "number"]: number }, context).flat(3).filter(Boolean));
  const shown = words(box.querySelectorAll(".sum-table > span"));
  const panel = document.createElement("div");
  panel.append(...account(number, graph, context).flat(3).filter(Boolean));
  return {
    rows: shown.flatMap((word, place) => (place % 2 ? [] : [[word, shown[place + 1]]])),
    badge: box.querySelector(".proof").textContent,
    formulas: Array.from(panel.querySelectorAll(".formula:not(.general)"), (line) => Array.from(line.querySelectorAll("math"), (math) => nested(math.firstChild))),
    tables: Array.from(panel.querySelectorAll(".term-table"), (table) => ({
      says: words(table.querySelectorAll(".title-row > *")),
      rows: Array.from(table.querySelectorAll(".term-row"), (row) => Array.from(row.querySelectorAll(".term-cell"), (cell) => cell.getAttribute("title"))),
      more: table.lastElementChild.hidden ? "" : table.lastElementChild.textContent,
    })),
  };
}

writeFileSync(out, JSON.stringify(JSON.parse(readFileSync(messages, "utf8")).map(drawn)));
