import assert from "node:assert/strict";
import { test } from "node:test";
import { growthPerUpgrade } from "../../soak/growth.js";

/** A hundred upgrades each, with what was resident after them. */
const after = (...megabytes: readonly number[]) =>
  megabytes.map((size, index): [number, number] => [100 * index, size * 1e6]);

test("a daemon that grows after its warm-up is told from one whose heap goes up and down", () => {
  assert.equal(growthPerUpgrade(after(60, 70, 80, 81, 82, 83, 84, 85, 86)), 10_000);
  assert.ok(Math.abs(growthPerUpgrade(after(60, 75, 90, 84, 91, 85, 90, 84, 90)) ?? 1e9) < 10_000);
});

test("of few upgrades nothing is said", () => {
  assert.equal(growthPerUpgrade([]), undefined);
  assert.equal(growthPerUpgrade(after(60, 70, 80, 90)), undefined);
});
