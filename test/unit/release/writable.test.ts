import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { readManifest } from "../../../src/release/manifest.js";
import { manifestFile } from "../../../src/release/places.js";
import { removeSnapshot } from "../../../src/release/remove-snapshot.js";
import { findWritten } from "../../../src/release/written.js";
import { ReleaseRig } from "./rig.js";

const writable = ["cache", ".next/cache", "tmp/new", "var/run"];
/** Not root: then files that have not changed are links to those of an earlier snapshot. */
const uid = 1000;

function built(context: TestContext): ReleaseRig {
  const rig = new ReleaseRig(context);
  for (const path of ["server.js", "cache/seed", ".next/server.js", ".next/cache/page"]) rig.write(path);
  mkdirSync(join(rig.release, "real"));
  symlinkSync("real", join(rig.release, "var"));
  return rig;
}

function mode(path: string): number {
  return statSync(path).mode & 0o222;
}

test("writable paths are the snapshot's own, with what the release has in them, or empty; the rest is read-only", async (context) => {
  const rig = built(context);
  await rig.make(1, { writable });
  const at = (path: string): string => join(rig.snapshot(1), path);
  assert.equal(readFileSync(at("cache/seed"), "utf8"), "cache/seed");
  for (const path of ["cache", "cache/seed", ".next/cache", ".next/cache/page", "tmp/new", "real/run"]) {
    assert.ok(mode(at(path)) & 0o200, `${path} is writable`);
  }
  for (const path of ["", "server.js", ".next", ".next/server.js", "tmp", "real"]) {
    assert.equal(mode(at(path)), 0, `${path || "the top"} is read-only`);
  }
  writeFileSync(at("cache/seed"), "changed");
  assert.equal(readFileSync(join(rig.release, "cache/seed"), "utf8"), "cache/seed");
});

test("what is written there is no other snapshot's, is nothing that was written beside the code, and goes with it", async (context) => {
  const rig = built(context);
  await rig.make(1, { writable, uid });
  await rig.make(2, { writable, uid, base: 1 });
  const at = (id: number, path: string): string => join(rig.snapshot(id), path);
  assert.equal(statSync(at(1, "server.js")).ino, statSync(at(2, "server.js")).ino);
  writeFileSync(at(2, "cache/seed"), "of 2");
  writeFileSync(at(2, "cache/more"), "of 2");
  assert.equal(readFileSync(at(1, "cache/seed"), "utf8"), "cache/seed");
  const manifest = await readManifest(manifestFile(rig.state, 2));
  assert.deepEqual(await findWritten(rig.snapshot(2), manifest ?? new Map()), []);
  assert.deepEqual(await removeSnapshot(rig.state, 2), { ok: true, value: [] });
});

test("a path that was read-only in the snapshot before is no link to that one when it is writable", async (context) => {
  const rig = built(context);
  await rig.make(1, { uid });
  await rig.make(2, { writable, uid, base: 1 });
  writeFileSync(join(rig.snapshot(2), "cache/seed"), "of 2");
  assert.equal(readFileSync(join(rig.snapshot(1), "cache/seed"), "utf8"), "cache/seed");
});

test("two builds that differ in what they have cached are the same release", async (context) => {
  const rig = built(context);
  const first = await rig.make(1, { writable });
  rig.write("cache/seed", "another");
  assert.equal((await rig.make(2, { writable })).fingerprint, first.fingerprint);
  rig.write("server.js", "another");
  assert.notEqual((await rig.make(3, { writable })).fingerprint, first.fingerprint);
});
