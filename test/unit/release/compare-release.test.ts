import assert from "node:assert/strict";
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { compareRelease } from "../../../src/release/compare-release.js";
import { manifestFile } from "../../../src/release/places.js";
import { ReleaseRig } from "./rig.js";

const same = { added: 0, changed: 0, removed: 0, examples: [] };

function compare(
  rig: ReleaseRig,
  { release = rig.release, shared = [] as string[], writable = [] as string[] } = {},
) {
  return compareRelease({ stateDirectory: rig.state, snapshot: 1, release, shared, writable });
}

function fill(rig: ReleaseRig): void {
  for (const path of ["server.js", "lib/a.js", "lib/b.js"]) rig.write(path);
  symlinkSync("a.js", join(rig.release, "lib/newest.js"));
  symlinkSync(join(rig.release, "server.js"), join(rig.release, "main.js"));
  symlinkSync("/etc/hostname", join(rig.release, "host"));
}

test("a release that nobody has touched is as its snapshot", async (context) => {
  const rig = new ReleaseRig(context);
  fill(rig);
  await rig.make(1);
  assert.deepEqual(await compare(rig), same);
});

test("a release that was deployed anew, in another directory, with the same content is as the snapshot", async (context) => {
  const rig = new ReleaseRig(context);
  fill(rig);
  await rig.make(1);
  const again = join(rig.top, "again");
  cpSync(rig.release, again, { recursive: true, verbatimSymlinks: true });
  rmSync(join(again, "main.js"));
  symlinkSync(join(again, "server.js"), join(again, "main.js"));
  assert.deepEqual(await compare(rig, { release: again }), same);
});

test("what was added, changed or removed is told, also where size and time are the same", async (context) => {
  const rig = new ReleaseRig(context);
  fill(rig);
  await rig.make(1);
  appendFileSync(join(rig.release, "server.js"), "more");
  rig.write("lib/b.js", "lib/c.js");
  rmSync(join(rig.release, "lib/a.js"));
  rig.write("lib/new.js");
  assert.deepEqual(await compare(rig), {
    added: 1,
    changed: 2,
    removed: 1,
    examples: ["lib/a.js", "lib/b.js", "lib/new.js", "server.js"],
  });
});

test("another mode, another target of a link and another kind are changes", async (context) => {
  const rig = new ReleaseRig(context);
  fill(rig);
  mkdirSync(join(rig.release, "bin"));
  await rig.make(1);
  chmodSync(join(rig.release, "server.js"), 0o755);
  chmodSync(join(rig.release, "bin"), 0o700);
  rmSync(join(rig.release, "lib/newest.js"));
  symlinkSync("b.js", join(rig.release, "lib/newest.js"));
  rmSync(join(rig.release, "lib/a.js"));
  mkdirSync(join(rig.release, "lib/a.js"));
  assert.deepEqual((await compare(rig))?.examples, ["bin", "lib/a.js", "lib/newest.js", "server.js"]);
});

test("what the app writes is no difference: neither what is shared nor what is writable", async (context) => {
  const rig = new ReleaseRig(context);
  fill(rig);
  rig.write("data/app.db", "1");
  const own = { shared: ["data/app.db", "up/loads"], writable: ["cache"] };
  await rig.make(1, own);
  writeFileSync(join(rig.release, "data/app.db"), "2");
  writeFileSync(join(rig.release, "data/app.db-wal"), "3");
  rig.write("cache/x");
  assert.deepEqual(await compare(rig, own), same);
});

test("a file that was exchanged for one of the same content is no difference", async (context) => {
  const rig = new ReleaseRig(context);
  fill(rig);
  await rig.make(1);
  rig.write("server.js.new", "server.js");
  renameSync(join(rig.release, "server.js.new"), join(rig.release, "server.js"));
  assert.deepEqual(await compare(rig), same);
});

test("without a manifest nobody can tell", async (context) => {
  const rig = new ReleaseRig(context);
  fill(rig);
  await rig.make(1);
  rmSync(manifestFile(rig.state, 1));
  assert.equal(await compare(rig), null);
});
