/** What a view may not do: fetch, keep something at import, or reach for the browser past what it is handed. */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import ts from "typescript";

const STATIC = fileURLToPath(new URL("../../../convscope/web/static/", import.meta.url));
const FILES = ["views", "draw"].flatMap((folder) => readdirSync(`${STATIC}${folder}`, { recursive: true }).filter((name) => name.endsWith(".js")).map((name) => `${folder}/${name}`));
const HANDS = { "draw/dom.js": ["document", "getComputedStyle"] }; // it makes the elements
const HARMLESS = ["atob", "btoa", "undefined"];

const program = ts.createProgram(FILES.map((name) => STATIC + name), { allowJs: true, checkJs: true, target: ts.ScriptTarget.ES2023, lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"], types: [], noEmit: true });
const checker = program.getTypeChecker();
const sources = FILES.map((name) => ({ name, source: program.getSourceFile(STATIC + name) }));

/** Names of the browser's own variables and functions that a file uses; its classes are only types here. */
function globals(source) {
  const found = new Set();
  const visit = (node) => {
    if (ts.isIdentifier(node) && /^[a-z]/.test(node.text) && !HARMLESS.includes(node.text)) {
      const symbol = checker.getSymbolAtLocation(node);
      const property = ts.isPropertyAccessExpression(node.parent) && node.parent.name === node;
      const global = symbol?.declarations?.every((each) => each.getSourceFile().fileName.includes("lib.dom") && (ts.isVariableDeclaration(each) || ts.isFunctionDeclaration(each)));
      if (global && !property) found.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return [...found].sort();
}

/** Statements at the top of a module that keep or do something: `let`, an empty Map or Set to be filled, a call. */
function kept(source) {
  const empty = (node) => node && ts.isNewExpression(node) && ["Map", "Set"].includes(node.expression.text) && !node.arguments?.length;
  return source.statements.flatMap((statement) => {
    if (ts.isExpressionStatement(statement)) return [statement.getText(source)];
    if (!ts.isVariableStatement(statement)) return [];
    const { flags, declarations } = statement.declarationList;
    const changes = !(flags & ts.NodeFlags.Const);
    return declarations.filter(({ initializer }) => changes || empty(initializer)).map((each) => each.getText(source));
  });
}

test("views reach for the browser only through their context, and elements are made in one file", () => {
  const found = Object.fromEntries(sources.map(({ name, source }) => [name, globals(source)]).filter(([, names]) => names.length));
  assert.deepEqual(found, HANDS);
});

test("no view fetches", () => {
  const found = sources.filter(({ source }) => /\bfetch\(|api\.js|XMLHttpRequest|\bask\(/.test(source.text)).map(({ name }) => name);
  assert.deepEqual(found, []);
});

test("nothing is kept or done at import", () => {
  const found = Object.fromEntries(sources.map(({ name, source }) => [name, kept(source)]).filter(([, lines]) => lines.length));
  assert.deepEqual(found, {});
});

test("a folder of views has at most twenty files, a file at most three hundred lines", () => {
  const sizes = sources.map(({ name, source }) => [name, source.text.split("\n").length]).filter(([, lines]) => lines > 300);
  assert.deepEqual(sizes, []);
  const counts = Object.entries(Object.groupBy(FILES, (name) => name.slice(0, name.lastIndexOf("/")))).filter(([, names]) => names.length > 20);
  assert.deepEqual(counts, []);
});
