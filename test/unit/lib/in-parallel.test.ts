import assert from "node:assert/strict";
import { test } from "node:test";
import { inParallel } from "../../../src/lib/in-parallel.js";

test("what else there is to do gets its turn, also where the work waits for nothing", async () => {
  let turns = 0;
  let working = true;
  const other = (): void => {
    turns += 1;
    if (working) setImmediate(other);
  };
  setImmediate(other);
  await inParallel([1, 2, 3, 4], 1, async () => {
    for (const began = performance.now(); performance.now() - began < 6; );
  });
  working = false;
  assert.ok(turns > 1);
});
