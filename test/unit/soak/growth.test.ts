import assert from "node:assert/strict";
import { test } from "node:test";
import { growthOf } from "../../soak/growth.js";

/** A hundred upgrades each, with what was resident after them. */
const after = (...megabytes: readonly number[]) =>
  megabytes.map((size, index): [number, number] => [100 * index, size * 1e6]);

test("a daemon that grows after its warm-up is told from one whose heap goes up and down", () => {
  assert.equal(growthOf(after(60, 70, 80, 85, 90, 95, 100, 105, 110)), 15e6);
  // As it was seen.
  assert.equal(growthOf(after(88, 93, 112, 89, 117, 129, 121, 124, 128)), -1e6);
});

test("of few upgrades nothing is said", () => {
  assert.equal(growthOf([]), undefined);
  assert.equal(growthOf(after(60, 70, 80, 90)), undefined);
});
