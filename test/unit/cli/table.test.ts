import assert from "node:assert/strict";
import { test } from "node:test";
import { fold, foldWords } from "../../../src/cli/fold.js";
import { type Look, paragraph } from "../../../src/cli/print.js";
import { formatTable } from "../../../src/cli/table.js";

const plain = (width: number): Look => ({ paint: (_, text) => text, width });
const head = ["WORKER", "STATE", "MOVED", "RELEASE", "STATUS"];
const release = "/srv/web/releases/2026-11-28";
const status = "waits for the database on db.example.net, which has been restarted";
const rows = [
  ["8.0", "ready", "-", release, status],
  ["8.1", "ready", "-", release, ""],
];

test("where nothing breaks lines a row is a line, with all its columns", () => {
  assert.deepEqual(formatTable(head, rows, plain(Number.POSITIVE_INFINITY)), [
    "WORKER  STATE  MOVED  RELEASE                       STATUS",
    `8.0     ready  -      ${release}  ${status}`,
    `8.1     ready  -      ${release}`,
  ]);
});

test("a column that says nothing makes room, and the last one is folded between words", () => {
  assert.deepEqual(formatTable(head, rows, plain(80)), [
    "WORKER  STATE  RELEASE                       STATUS",
    `8.0     ready  ${release}  waits for the database on`,
    "                                             db.example.net, which has been",
    "                                             restarted",
    `8.1     ready  ${release}`,
  ]);
});

test("what does not fit goes on below, indented", () => {
  assert.deepEqual(formatTable(head, rows, plain(40)), [
    "WORKER  STATE",
    `    ${"RELEASE".padEnd(28)}`.trimEnd(),
    "    STATUS",
    "8.0     ready",
    `    ${release}`,
    "    waits for the database on",
    "    db.example.net, which has been",
    "    restarted",
    "8.1     ready",
    `    ${release}`,
  ]);
});

test("no width loses or breaks a word, and what can fit does", () => {
  const words = (text: string): string[] =>
    text
      .split(/\s+/)
      .filter((word) => word !== "" && word !== "-")
      .sort();
  const all = words([head.filter((title) => title !== "MOVED"), ...rows].flat().join(" "));
  for (let width = 33; width < 130; width++) {
    const lines = formatTable(head, rows, plain(width));
    assert.deepEqual(words(lines.join(" ").replace(/\bMOVED\b/, "")), all, `${width}`);
    for (const line of lines) assert.ok(line.length <= width, `${width}: ${line}`);
  }
});

test("a cell with lines of its own forges no row", () => {
  const lines = formatTable(["WORKER", "STATUS"], [["8.0", "fine\n8.1     ready"]], plain(200));
  assert.deepEqual(lines, ["WORKER  STATUS", "8.0     fine 8.1     ready"]);
});

test("no line of a text but the first can pass for another", () => {
  const mark = { text: "degraded:", style: "red" } as const;
  const look: Look = { paint: (_, text) => `<${text}>`, width: 24 };
  assert.deepEqual(paragraph("it said:\nWORKER  STATE\x1b[2J", look, mark), [
    "<degraded:> it said:",
    "  WORKER  STATE?[2J",
  ]);
});

test("a line is folded between words, and a word that is too long is left whole", () => {
  assert.deepEqual(fold("short", 80), ["short"]);
  assert.deepEqual(fold("one two three", 7), ["one two", "  three"]);
  assert.deepEqual(foldWords(["a", "much-too-long", "b"], 5), ["a", "much-too-long", "b"]);
});
