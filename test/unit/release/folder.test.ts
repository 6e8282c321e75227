import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { unlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { copyTree } from "../../../src/release/copy-tree.js";
import { Folder } from "../../../src/release/folder.js";
import { writtenDirectory } from "../../../src/release/places.js";
import { removeSnapshot } from "../../../src/release/remove-snapshot.js";
import { scanTree } from "../../../src/release/tree.js";
import { ReleaseRig } from "./rig.js";

/** A directory of somebody else's, with a file of a name that the release has, too. */
function secrets(rig: ReleaseRig): string {
  const outside = join(rig.top, "outside");
  mkdirSync(outside, { mode: 0o750 });
  writeFileSync(join(outside, "file"), "secret");
  return outside;
}

/** Puts a link, or another directory, in the place of a directory, which goes on beside it. */
function exchange(directory: string, put: (path: string) => void): void {
  renameSync(directory, `${directory}.was`);
  put(directory);
}

test("a directory exchanged while a release is copied brings nothing of elsewhere into the copy", async (context) => {
  for (const way of ["link", "directory", "file"]) {
    const rig = new ReleaseRig(context);
    rig.write("a/b/file", "public");
    const outside = secrets(rig);
    await using source = await Folder.open(rig.release);
    const tree = await scanTree(source);
    if (way === "link") exchange(join(rig.release, "a/b"), (path) => symlinkSync(outside, path));
    else if (way === "directory") exchange(join(rig.release, "a/b"), (path) => renameSync(outside, path));
    else exchange(join(rig.release, "a/b/file"), (path) => symlinkSync(join(outside, "file"), path));
    const to = join(rig.top, "copy");
    const copying = copyTree({
      from: rig.release,
      source,
      to,
      tree,
      base: undefined,
      shared: [],
      writable: [],
      asRoot: false,
      top: { mode: 0o700, gid: 0 },
      signal: new AbortController().signal,
    });
    await assert.rejects(copying, way);
    assert.equal(existsSync(join(to, "a/b/file")), false, way);
  }
});

test("what is done in a directory is done in that one, whatever is put in its place", async (context) => {
  const rig = new ReleaseRig(context);
  rig.write("a/file");
  const outside = secrets(rig);
  await using top = await Folder.open(rig.release);
  await using folder = await top.openFolder("a");
  exchange(join(rig.release, "a"), (path) => symlinkSync(outside, path));
  await unlink(folder.at("file"));
  assert.equal(readFileSync(join(outside, "file"), "utf8"), "secret");
  assert.equal(existsSync(join(rig.release, "a.was/file")), false);
  await assert.rejects(top.openFolder("a"));
  await assert.rejects(Folder.openToEmpty(top.at("a")));
  assert.equal(statSync(outside).mode & 0o777, 0o750);
});

test("a link among what apps wrote leads no removal elsewhere, and nothing there is overwritten", async (context) => {
  const rig = new ReleaseRig(context);
  rig.write("code");
  const outside = secrets(rig);
  const aside = writtenDirectory(rig.state, 1);
  mkdirSync(join(aside, "kept"), { recursive: true });
  symlinkSync(outside, join(aside, "led"));
  writeFileSync(join(aside, "kept/file"), "of an earlier life");
  await rig.make(1);
  for (const name of ["led", "kept"]) rig.writeBeside(1, `${name}/file`, "new");
  rig.writeBeside(1, "other", "new");
  const removed = await removeSnapshot(rig.state, 1);
  assert.deepEqual(removed, { ok: true, value: ["kept", "led", "other"] });
  assert.equal(readFileSync(join(outside, "file"), "utf8"), "secret");
  assert.equal(readFileSync(join(aside, "kept/file"), "utf8"), "of an earlier life");
  const next = writtenDirectory(rig.state, 1.2);
  for (const name of ["led", "kept"]) assert.equal(readFileSync(join(next, name, "file"), "utf8"), "new");
  assert.equal(readFileSync(join(aside, "other"), "utf8"), "new");
});

test("below a link among what apps wrote nothing is put either", async (context) => {
  const rig = new ReleaseRig(context);
  rig.write("led/code");
  const outside = secrets(rig);
  const aside = writtenDirectory(rig.state, 1);
  mkdirSync(aside, { recursive: true });
  symlinkSync(outside, join(aside, "led"));
  await rig.make(1);
  rig.writeBeside(1, "led/planted", "new");
  assert.deepEqual(await removeSnapshot(rig.state, 1), { ok: true, value: ["led/planted"] });
  assert.equal(existsSync(join(outside, "planted")), false);
  assert.equal(readFileSync(join(writtenDirectory(rig.state, 1.2), "led/planted"), "utf8"), "new");
});

test("a name that is not UTF-8 in a snapshot is kept with its bytes, and the snapshot goes", async (context) => {
  const rig = new ReleaseRig(context);
  rig.write("code");
  await rig.make(1);
  const name = Buffer.from([0x63, 0xe9]);
  rig.writeBeside(1, name, "bytes");
  assert.deepEqual(await removeSnapshot(rig.state, 1), { ok: true, value: ["c\ufffd"] });
  assert.equal(existsSync(rig.snapshot(1)), false);
  const kept = Buffer.concat([Buffer.from(`${writtenDirectory(rig.state, 1)}/`), name]);
  assert.equal(readFileSync(kept, "utf8"), "bytes");
});
