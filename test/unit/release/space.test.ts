import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ReleaseRig } from "./rig.js";

test("a snapshot that does not fit on the disk fails, says so, and gives all of the space back", {
  skip: process.geteuid?.() !== 0,
}, async (context) => {
  const rig = new ReleaseRig(context);
  mkdirSync(rig.state);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", rig.state]);
  try {
    await overfill(rig);
  } finally {
    execFileSync("umount", [rig.state]);
  }
});

async function overfill(rig: ReleaseRig): Promise<void> {
  rig.write("small", "fits");
  await rig.make(1);
  for (let n = 0; n < 5; n++) writeFileSync(join(rig.release, `big${n}`), Buffer.alloc(700_000, n));
  const { bavail } = statfsSync(rig.state);
  const { reason, message } = await rig.fail(2, { base: 1 });
  assert.equal(reason, "snapshot-no-space");
  assert.match(message, /cannot snapshot the release .*: no space is left .* snapshot = "off"/);
  assert.deepEqual(readdirSync(join(rig.state, "releases")).sort(), ["1", "1.manifest"]);
  assert.equal(statfsSync(rig.state).bavail, bavail);
  assert.equal(readFileSync(join(rig.snapshot(1), "small"), "utf8"), "fits");
}
