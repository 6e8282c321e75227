import assert from "node:assert/strict";
import { test } from "node:test";
import { stoodStill } from "../../../src/lib/stood-still.js";

test("a queue stands still only when everybody who waited waits still", () => {
  const cases: [before: string, after: string, still: boolean][] = [
    ["", "", false],
    ["", "a", false],
    ["a", "", false],
    ["a", "a", true],
    ["ab", "abcdef", true],
    ["ab", "bcdef", false],
    ["ab", "cd", false],
  ];
  for (const [before, after, still] of cases) {
    assert.equal(stoodStill(new Set(before), new Set(after)), still, `${before} → ${after}`);
  }
});
