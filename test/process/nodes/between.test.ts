import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { ensureNode, MAJORS, type OtherNode } from "../../harness/nodes/ensure-node.js";
import { upgradeThrough } from "../../harness/nodes/upgrade-through.js";

const own: OtherNode = { version: process.version, path: process.execPath };

test("each release of Node has a file of tests", () => {
  for (const major of MAJORS)
    assert.ok(existsSync(new URL(`node-${major}.test.js`, import.meta.url)), `Node ${major}`);
});

test("connections move from one Node release to the next, and back", async () => {
  const others = await Promise.all(MAJORS.map(ensureNode));
  await upgradeThrough(own, ...others, own);
});
