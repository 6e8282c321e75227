import assert from "node:assert/strict";
import { chmodSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { writtenDirectory } from "../../../src/release/places.js";
import { removeSnapshot } from "../../../src/release/remove-snapshot.js";
import { ReleaseRig } from "./rig.js";

/** Then files are linked from snapshot to snapshot. */
const uid = 65_534;

/** As an app does that hides it: neither size, times nor mode tell. */
function tamper(file: string): void {
  const { mode, atime, mtime } = statSync(file);
  chmodSync(file, 0o600);
  writeFileSync(file, "evil");
  utimesSync(file, atime, mtime);
  chmodSync(file, mode);
}

test("code that an app rewrote in its snapshot gets into no later one, and counts as written", async (context) => {
  const rig = new ReleaseRig(context);
  for (const path of ["code", "same"]) rig.write(path, "good");
  await rig.make(1, { uid });
  tamper(join(rig.snapshot(1), "code"));
  await rig.make(2, { uid, base: 1 });
  assert.equal(readFileSync(join(rig.snapshot(2), "code"), "utf8"), "good");
  assert.equal(statSync(join(rig.snapshot(2), "same")).nlink, 2);
  assert.deepEqual(await removeSnapshot(rig.state, 1), { ok: true, value: ["code"] });
  assert.equal(readFileSync(join(writtenDirectory(rig.state, 1), "code"), "utf8"), "evil");
  // A link to it has changed the ctime of the file, and not the file.
  assert.deepEqual(await removeSnapshot(rig.state, 2), { ok: true, value: [] });
});

test("a file whose mode an app changed in its snapshot is not linked into the next", async (context) => {
  const rig = new ReleaseRig(context);
  rig.write("code");
  await rig.make(1, { uid });
  chmodSync(join(rig.snapshot(1), "code"), 0o4755);
  await rig.make(2, { uid, base: 1 });
  assert.equal(statSync(join(rig.snapshot(2), "code")).mode & 0o7777, 0o444);
});
