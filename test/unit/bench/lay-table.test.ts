import assert from "node:assert/strict";
import { test } from "node:test";
import { layTables, spread } from "../../bench/compare/lay-table.js";
import type { System } from "../../bench/compare/system.js";

const doNothing = async () => {};
const system: System = {
  name: "a",
  port: 1,
  unit: "a.service",
  firstStays: true,
  talks: true,
  start: doNothing,
  upgrade: doNothing,
};

test("figures of several rounds are their median, the least and the most", () => {
  assert.equal(spread([31.4, 19.2, 20]), "20 (19 to 31)");
});

test("figures that are all the same are one", () => {
  assert.equal(spread([0, 0, 0]), "0");
});

test("a round without a figure says why beside the others", () => {
  assert.equal(spread([10, "still there", 30]), "10 (10 to 30), still there");
  assert.equal(spread(["–", "–"]), "–");
});

test("each system has a line of its own with all its rounds, and what it has not is no zero", () => {
  const visit = {
    startedAtMs: 0,
    endedAtMs: 900,
    responses: [],
    lost: [],
    reopened: [],
    dropped: [],
    stalls: [],
  };
  const round = (what: System, lost: number) => ({
    system: what,
    observed: {
      system: what,
      visit: { ...visit, lost: Array.from({ length: lost }, (): [number, string] => [500, "why"]) },
      upgrade: { beganAtMs: 100, old: { what: "none" } as const },
      memoryBeforeMb: 10,
      memoryPeakMb: 12,
    },
  });
  const silent = { ...system, name: "b", talks: false };
  const tables = layTables([round(system, 1), round(silent, 0), round(system, 3), round(system, 2)], "v2");
  const lines = tables.split("\n");
  assert.equal(lines.filter((line) => line.startsWith("| a |")).length, 2);
  assert.match(tables, /\| a \| 2 \(1 to 3\) \| 2 \(1 to 3\) \| 0 \| 0 \|/);
  assert.match(tables, /\| b \| 0 \| 0 \| 0 \| – \|/);
  assert.match(tables, /\| a \| never \| the same process \| 10 \| 12 \|/);
});
