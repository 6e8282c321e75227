import assert from "node:assert/strict";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readManifest } from "../../../src/release/manifest.js";
import {
  listSnapshots,
  manifestFile,
  releasesDirectory,
  writtenDirectory,
} from "../../../src/release/places.js";
import { removeSnapshot } from "../../../src/release/remove-snapshot.js";
import { findWritten } from "../../../src/release/written.js";
import { ReleaseRig } from "./rig.js";

async function writtenIn(rig: ReleaseRig, id: number): Promise<string[]> {
  const manifest = await readManifest(manifestFile(rig.state, id));
  assert.ok(manifest !== undefined, "there is no manifest");
  return findWritten(rig.snapshot(id), manifest);
}

/** What an app with the right to do so writes beside its code. */
function writeBeside(snapshot: string): void {
  for (const directory of ["", "views", "uploads"]) chmodSync(join(snapshot, directory), 0o700);
  chmodSync(join(snapshot, "data.db"), 0o600);
  appendFileSync(join(snapshot, "data.db"), "a row");
  writeFileSync(join(snapshot, "uploads/a.png"), "a");
  mkdirSync(join(snapshot, "sessions/deep"), { recursive: true });
  writeFileSync(join(snapshot, "sessions/deep/1"), "session");
  writeFileSync(join(snapshot, "data.json.new"), "{}");
  renameSync(join(snapshot, "data.json.new"), join(snapshot, "data.json"));
  mkdirSync(join(snapshot, "views/__pycache__"));
  writeFileSync(join(snapshot, "views/__pycache__/x.pyc"), "bytecode");
}

const beside = ["data.db", "data.json", "sessions", "uploads/a.png"];

function fill(rig: ReleaseRig): void {
  for (const path of ["data.db", "data.json", "server.js", "views/index", "uploads/.keep"]) rig.write(path);
  symlinkSync("server.js", join(rig.release, "link"));
}

test("what an app created or changed in its snapshot is found, and nothing else", async (context) => {
  const rig = new ReleaseRig(context);
  fill(rig);
  await rig.make(1, { shared: ["run"] });
  assert.deepEqual(await writtenIn(rig, 1), []);
  writeBeside(rig.snapshot(1));
  assert.deepEqual(await writtenIn(rig, 1), beside);
  rmSync(join(rig.snapshot(1), "run"));
  writeFileSync(join(rig.snapshot(1), "run"), "in the place of the link");
  assert.deepEqual(await writtenIn(rig, 1), [...beside, "run"].sort());
});

test("a snapshot is removed with all but what the app wrote, which is kept where it is found", async (context) => {
  const rig = new ReleaseRig(context);
  fill(rig);
  await rig.make(1);
  writeBeside(rig.snapshot(1));
  assert.deepEqual(await removeSnapshot(rig.state, 1), { ok: true, value: beside });
  assert.deepEqual(readdirSync(releasesDirectory(rig.state)), []);
  const kept = (path: string): string => readFileSync(join(writtenDirectory(rig.state, 1), path), "utf8");
  assert.equal(kept("data.db"), "data.dba row");
  assert.equal(kept("sessions/deep/1"), "session");
  assert.equal(kept("uploads/a.png"), "a");
  assert.equal(existsSync(join(writtenDirectory(rig.state, 1), "server.js")), false);
  assert.deepEqual(await removeSnapshot(rig.state, 1), { ok: true, value: [] });
});

test("a removal that was interrupted anywhere is finished by the next, and loses nothing", async (context) => {
  const rig = new ReleaseRig(context);
  fill(rig);
  await rig.make(1);
  writeBeside(rig.snapshot(1));
  const aside = writtenDirectory(rig.state, 1);
  mkdirSync(aside, { recursive: true });
  renameSync(join(rig.snapshot(1), "data.db"), join(aside, "data.db"));
  rmSync(join(rig.snapshot(1), "server.js"));
  assert.ok((await removeSnapshot(rig.state, 1)).ok);
  assert.deepEqual(readdirSync(aside).sort(), ["data.db", "data.json", "sessions", "uploads"]);
  assert.deepEqual(readdirSync(releasesDirectory(rig.state)), []);
});

test("with a damaged manifest nothing is lost: what it no longer tells counts as written", async (context) => {
  const rig = new ReleaseRig(context);
  fill(rig);
  await rig.make(1);
  const file = manifestFile(rig.state, 1);
  writeFileSync(file, readFileSync(file, "utf8").replace('"data.db"', '"data\\'));
  assert.deepEqual(await removeSnapshot(rig.state, 1), { ok: true, value: ["data.db"] });
  assert.ok(existsSync(join(writtenDirectory(rig.state, 1), "data.db")));
});

test("what is left of a snapshot is listed by its id, and is removed", async (context) => {
  const rig = new ReleaseRig(context);
  assert.deepEqual(listSnapshots(rig.state), []);
  rig.write("a");
  for (const id of [1, 2, 10]) await rig.make(id);
  rmSync(manifestFile(rig.state, 1));
  await rm(rig, 2);
  writeFileSync(`${manifestFile(rig.state, 3)}.new`, "");
  writeFileSync(join(releasesDirectory(rig.state), "notes.txt"), "somebody's");
  assert.deepEqual(listSnapshots(rig.state), [1, 2, 3, 10]);
  for (const id of [1, 2, 3, 10])
    assert.deepEqual(await removeSnapshot(rig.state, id), { ok: true, value: [] });
  assert.deepEqual(readdirSync(releasesDirectory(rig.state)), ["notes.txt"]);
});

async function rm(rig: ReleaseRig, id: number): Promise<void> {
  chmodSync(rig.snapshot(id), 0o700);
  rmSync(rig.snapshot(id), { recursive: true });
}
