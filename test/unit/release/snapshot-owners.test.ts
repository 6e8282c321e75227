import assert from "node:assert/strict";
import { chmodSync, chownSync, lstatSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ReleaseRig } from "./rig.js";

const asRoot = process.geteuid?.() === 0;

/** Whom no file of the tests belongs to: then files are linked, and owners are not kept. */
const nobody = 65_534;

test("for root, who may write what is read-only, nothing is linked", async (context) => {
  const rig = new ReleaseRig(context);
  rig.write("same");
  await rig.make(1, { uid: asRoot ? 0 : nobody });
  await rig.make(2, { base: 1, uid: asRoot ? 0 : nobody });
  assert.equal(statSync(join(rig.snapshot(1), "same")).nlink, asRoot ? 1 : 2);
});

test("for root a snapshot is root's but for what only its owner may read, and who may not get at the release may not get at its copy", {
  skip: !asRoot,
}, async (context) => {
  const rig = new ReleaseRig(context);
  const modes = {
    "": 0o755,
    a: 0o644,
    run: 0o755,
    key: 0o600,
    team: 0o640,
    own: 0o700,
    "own/a": 0o644,
    data: 0o755,
  };
  const paths = Object.entries(modes);
  for (const path of ["a", "run", "key", "team", "own/a", "data/a"]) rig.write(path);
  symlinkSync("a", join(rig.release, "link"));
  for (const [path, mode] of paths) {
    chownSync(join(rig.release, path), 1234, 4321);
    chmodSync(join(rig.release, path), mode);
  }
  chmodSync(rig.top, 0o755);
  await rig.make(1, { writable: ["data"] });
  const owners = paths.map(([path]) => {
    const { uid, gid } = lstatSync(join(rig.snapshot(1), path));
    return [path, uid, gid];
  });
  assert.deepEqual(owners, [
    ["", 0, 4321],
    ["a", 0, 4321],
    ["run", 0, 4321],
    ["key", 1234, 4321],
    ["team", 1234, 4321],
    ["own", 1234, 4321],
    ["own/a", 0, 4321],
    ["data", 1234, 4321],
  ]);
  assert.equal(statSync(rig.snapshot(1)).mode & 0o777, 0o555);
  chmodSync(rig.top, 0o700);
  await rig.make(2);
  assert.equal(statSync(rig.snapshot(2)).mode & 0o077, 0);
  chmodSync(rig.top, 0o750);
  chownSync(rig.top, 0, 99);
  await rig.make(3);
  const { mode, gid } = statSync(rig.snapshot(3));
  assert.deepEqual([mode & 0o777, gid], [0o550, 99]);
});
