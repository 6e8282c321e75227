import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { removeSnapshot } from "../../../src/release/remove-snapshot.js";
import { ReleaseRig } from "./rig.js";

/** Whom no file of the tests belongs to: then files are linked, and owners are not kept. */
const nobody = 65_534;

test("a snapshot has the content, run bits and times of the release, and nothing in it may be written", async (context) => {
  const rig = new ReleaseRig(context);
  rig.write("server.js", "code");
  rig.write("bin/run", "#!/bin/sh\n");
  rig.write("empty/deep/er/x");
  rig.write('names/with "quotes"\nand lines', "odd");
  chmodSync(join(rig.release, "bin/run"), 0o755);
  chmodSync(join(rig.release, "server.js"), 0o4664);
  utimesSync(join(rig.release, "server.js"), 1_600_000_000.123, 1_600_000_000.123);
  utimesSync(join(rig.release, "empty"), 1_500_000_000, 1_500_000_000);
  await rig.make(1);
  const at = (path: string): string => join(rig.snapshot(1), path);
  assert.equal(readFileSync(at("server.js"), "utf8"), "code");
  assert.equal(readFileSync(at('names/with "quotes"\nand lines'), "utf8"), "odd");
  assert.equal(statSync(at("server.js")).mode & 0o7777, 0o444);
  assert.equal(statSync(at("bin/run")).mode & 0o7777, 0o555);
  assert.ok(Math.abs(statSync(at("server.js")).mtimeMs - 1_600_000_000_123) < 0.01);
  assert.equal(statSync(at("empty")).mtimeMs, 1_500_000_000_000);
  for (const path of ["", "bin", "empty/deep/er"]) assert.equal(statSync(at(path)).mode & 0o222, 0, path);
});

test("what is done to the release afterwards, in place or not, does not reach the snapshot", async (context) => {
  const rig = new ReleaseRig(context);
  for (const path of ["a", "b", "c", "d/e"]) rig.write(path, "old");
  await rig.make(1);
  await rig.make(2, { base: 1, uid: nobody });
  writeFileSync(join(rig.release, "a"), "new");
  appendFileSync(join(rig.release, "b"), "new");
  rig.write("c.new", "new");
  renameSync(join(rig.release, "c.new"), join(rig.release, "c"));
  chmodSync(join(rig.release, "a"), 0o777);
  rmSync(join(rig.release, "d"), { recursive: true });
  for (const id of [1, 2]) {
    for (const path of ["a", "b", "c", "d/e"]) {
      assert.equal(readFileSync(join(rig.snapshot(id), path), "utf8"), "old", path);
    }
    assert.equal(statSync(join(rig.snapshot(id), "a")).mode & 0o777, 0o444);
  }
});

test("making a snapshot changes nothing about the release", async (context) => {
  const rig = new ReleaseRig(context);
  rig.write("a/b");
  symlinkSync("b", join(rig.release, "a/link"));
  const look = (): unknown =>
    ["", "a", "a/b", "a/link"].map((path) => {
      const { mode, mtimeMs, ctimeMs, nlink, uid } = lstatSync(join(rig.release, path));
      return { mode, mtimeMs, ctimeMs, nlink, uid };
    });
  const before = look();
  await rig.make(1);
  await rig.make(2, { base: 1, uid: nobody });
  assert.deepEqual(look(), before);
});

test("files that have not changed since are links from snapshot to snapshot, others are copied", async (context) => {
  const rig = new ReleaseRig(context);
  for (const path of ["same", "changed", "touched", "written"]) rig.write(path, "1");
  await rig.make(1, { uid: nobody });
  const inode = (id: number, path: string): number => statSync(join(rig.snapshot(id), path)).ino;
  assert.notEqual(inode(1, "same"), statSync(join(rig.release, "same")).ino, "linked to the release");
  writeFileSync(join(rig.release, "changed"), "2");
  // The same size, and the time put back: ctime tells.
  const { atime, mtime } = statSync(join(rig.release, "touched"));
  writeFileSync(join(rig.release, "touched"), "2");
  utimesSync(join(rig.release, "touched"), atime, mtime);
  // An app wrote into the snapshot: what it wrote must not get into the next.
  chmodSync(join(rig.snapshot(1), "written"), 0o600);
  writeFileSync(join(rig.snapshot(1), "written"), "by the app");
  await rig.make(2, { base: 1, uid: nobody });
  assert.equal(inode(2, "same"), inode(1, "same"));
  assert.equal(readFileSync(join(rig.snapshot(2), "changed"), "utf8"), "2");
  assert.equal(readFileSync(join(rig.snapshot(2), "touched"), "utf8"), "2");
  assert.equal(readFileSync(join(rig.snapshot(2), "written"), "utf8"), "1");
  assert.notEqual(inode(2, "written"), inode(1, "written"));
});

test("links mean the same in the snapshot as in the release", async (context) => {
  const rig = new ReleaseRig(context);
  rig.write("lib/code.js", "old");
  rig.write("deep/er/x");
  mkdirSync(join(rig.top, "outside"));
  writeFileSync(join(rig.top, "outside/data"), "data");
  symlinkSync("release", join(rig.top, "current"));
  const links: readonly (readonly [path: string, target: string, inSnapshot: string])[] = [
    ["inside", "lib/code.js", "lib/code.js"],
    ["deep/up", "../lib", "../lib"],
    ["deep/out", "../../outside/data", join(rig.top, "outside/data")],
    ["deep/er/absolute", join(rig.top, "outside"), join(rig.top, "outside")],
    ["own", join(rig.release, "lib/code.js"), "lib/code.js"],
    ["deep/by-name", join(rig.top, "current/lib/code.js"), "../lib/code.js"],
    ["deep/round", "../../release/lib", "../lib"],
    ["through", "deep/outer/../data", join(rig.top, "outside/data")],
    ["deep/outer", "../../outside/x", join(rig.top, "outside/x")],
    ["dangling", "nowhere", "nowhere"],
    ["deep/dangling", "../../nowhere", join(rig.top, "nowhere")],
    ["itself", ".", "."],
  ];
  mkdirSync(join(rig.top, "outside/x"));
  for (const [path, target] of links) symlinkSync(target, join(rig.release, path));
  await rig.make(1);
  writeFileSync(join(rig.release, "lib/code.js"), "new");
  for (const [path, , wanted] of links) {
    assert.equal(readlinkSync(join(rig.snapshot(1), path)), wanted, path);
  }
  for (const path of ["inside", "deep/up/code.js", "own", "deep/by-name", "deep/round/code.js"]) {
    assert.equal(readFileSync(join(rig.snapshot(1), path), "utf8"), "old", path);
  }
  for (const path of ["deep/out", "deep/er/absolute/data", "through"]) {
    assert.equal(readFileSync(join(rig.snapshot(1), path), "utf8"), "data", path);
  }
});

test("shared paths are the release's own: there, missing, nested, behind a link, and SQLite's files beside them", async (context) => {
  const rig = new ReleaseRig(context);
  rig.write("uploads/old.png");
  rig.write("data.db");
  rig.write("data.db-wal");
  mkdirSync(join(rig.release, "real"));
  symlinkSync("real", join(rig.release, "var"));
  const shared = ["uploads", "data.db", "tmp/cache", "var/log", "uploads/within"];
  await rig.make(1, { shared });
  const at = (path: string): string => join(rig.snapshot(1), path);
  writeFileSync(at("uploads/new.png"), "new");
  writeFileSync(at("data.db"), "more");
  mkdirSync(join(rig.release, "tmp"));
  writeFileSync(at("tmp/cache"), "cached");
  writeFileSync(at("var/log"), "logged");
  const read = (path: string): string => readFileSync(join(rig.release, path), "utf8");
  assert.deepEqual(["uploads/new.png", "data.db", "tmp/cache", "real/log"].map(read), [
    "new",
    "more",
    "cached",
    "logged",
  ]);
  assert.equal(existsSync(at("data.db-wal")), false);
  const removed = await removeSnapshot(rig.state, 1);
  assert.deepEqual(removed, { ok: true, value: [] });
  assert.equal(read("uploads/new.png"), "new");
});

test("sockets, FIFOs and what may not be read are links to the original, and are told", async (context) => {
  const rig = new ReleaseRig(context);
  rig.write("code.js");
  execFileSync("mkfifo", [join(rig.release, "fifo")]);
  await using server = createServer();
  await new Promise<void>((resolve) => server.listen(join(rig.release, "app.sock"), resolve));
  const { uncopied } = await rig.make(1);
  assert.deepEqual([...uncopied].sort(), ["app.sock", "fifo"]);
  assert.equal(readlinkSync(join(rig.snapshot(1), "fifo")), join(rig.release, "fifo"));
  assert.ok(statSync(join(rig.snapshot(1), "app.sock")).isSocket());
});

test("two snapshots have one fingerprint if and only if nobody touched the release in between", async (context) => {
  const rig = new ReleaseRig(context);
  rig.write("a", "1");
  const first = await rig.make(1);
  assert.equal((await rig.make(2, { base: 1 })).fingerprint, first.fingerprint);
  rig.write("a", "2");
  const second = await rig.make(3);
  assert.notEqual(second.fingerprint, first.fingerprint);
  chmodSync(join(rig.release, "a"), 0o700);
  assert.notEqual((await rig.make(4)).fingerprint, second.fingerprint);
});

test("the version is that of package.json, else of a file of that name, else unknown", async (context) => {
  const rig = new ReleaseRig(context);
  assert.equal((await rig.make(1)).version, null);
  rig.write("version", "2.0-beta\nand more");
  assert.equal((await rig.make(2)).version, "2.0-beta");
  rig.write("package.json", '{"name": "web"}');
  assert.equal((await rig.make(3)).version, "2.0-beta");
  rig.write("package.json", '{"version": "1.2.3"}');
  assert.equal((await rig.make(4)).version, "1.2.3");
  rig.write("package.json", "no JSON");
  rig.write("version", "\u001b[2J");
  assert.equal((await rig.make(5)).version, null);
});
