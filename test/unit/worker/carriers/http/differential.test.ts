import assert from "node:assert/strict";
import { test } from "node:test";
import { Differential, variants } from "./differential.js";

const streams = 60;

for (const [position, variant] of variants.entries()) {
  test(`random streams, valid and not, are answered by moved connections as by unmoved ones (${variant})`, async (t) => {
    await using differential = await Differential.open(variant);
    for (let number = 0; number < streams; number += 1) {
      assert.equal(await differential.compare(number * variants.length + position), undefined);
    }
    t.diagnostic(`${streams} streams, ${differential.moves} moves`);
    assert.ok(differential.moves > 0);
  });
}
