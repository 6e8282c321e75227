import assert from "node:assert/strict";
import {
  chmodSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { releasesDirectory } from "../../../src/release/places.js";
import { ReleaseRig } from "./rig.js";

/** Whose snapshots are used again; to root's nobody could say what is written in them meanwhile. */
const nobody = 65_534;
const again = { base: 1, asIs: true, uid: nobody, shared: ["data/here"] };

/** A release, and the first snapshot of it. */
async function deployed(context: TestContext): Promise<ReleaseRig> {
  const rig = new ReleaseRig(context);
  for (const path of ["server.js", "lib/a.js", "lib/b.js"]) rig.write(path);
  symlinkSync("lib/a.js", join(rig.release, "link"));
  await rig.make(1, { uid: nobody, shared: again.shared });
  return rig;
}

test("nothing is copied where nothing has changed: the snapshot before is the same", async (context) => {
  const rig = await deployed(context);
  const first = await rig.make(2, again);
  assert.equal(first.sameAs, 1);
  assert.deepEqual(readdirSync(releasesDirectory(rig.state)), ["1", "1.manifest"]);
  // Others that were made of it, and gone since, change nothing either.
  const copy = await rig.make(3, { ...again, asIs: false });
  assert.deepEqual([copy.sameAs, copy.fingerprint], [null, first.fingerprint]);
  assert.equal((await rig.make(4, again)).sameAs, 1);
});

function rewrite(file: string): void {
  const { atime, mtime, mode } = statSync(file);
  chmodSync(file, 0o644);
  writeFileSync(file, "x".repeat(statSync(file).size));
  utimesSync(file, atime, mtime);
  chmodSync(file, mode);
}

const changes: Readonly<Record<string, (rig: ReleaseRig, top: string) => void>> = {
  "a file rewritten": (_, top) => rewrite(join(top, "lib/a.js")),
  "a file exchanged": (rig, top) => {
    rig.write("new");
    chmodSync(join(top, "lib"), 0o755);
    renameSync(join(rig.release, "new"), join(top, "lib/a.js"));
    chmodSync(join(top, "lib"), 0o555);
  },
  "a file added": (_, top) => {
    chmodSync(join(top, "lib"), 0o755);
    writeFileSync(join(top, "lib/c.js"), "");
    chmodSync(join(top, "lib"), 0o555);
  },
  "a file removed": (_, top) => {
    chmodSync(join(top, "lib"), 0o755);
    rmSync(join(top, "lib/b.js"));
    chmodSync(join(top, "lib"), 0o555);
  },
  "a directory's rights": (_, top) => chmodSync(join(top, "lib"), 0o711),
  "a link turned": (_, top) => {
    chmodSync(top, 0o755);
    rmSync(join(top, "link"));
    symlinkSync("lib/b.js", join(top, "link"));
    chmodSync(top, 0o500);
  },
};

for (const [what, change] of Object.entries(changes)) {
  for (const where of ["release", "snapshot"] as const) {
    test(`${what} in the ${where}: another snapshot is made, of the release`, async (context) => {
      const rig = await deployed(context);
      change(rig, where === "release" ? rig.release : rig.snapshot(1));
      const { sameAs } = await rig.make(2, again);
      assert.equal(sameAs, null);
      if (where === "snapshot")
        assert.equal((await rig.make(3, { uid: nobody, shared: again.shared })).sameAs, null);
    });
  }
}

test("a snapshot that an app has written beside its code in is not used again", async (context) => {
  const rig = await deployed(context);
  rig.writeBeside(1, "lib/__pycache__/a.pyc", "anything");
  chmodSync(join(rig.snapshot(1), "lib"), 0o555);
  chmodSync(rig.snapshot(1), 0o500);
  assert.equal((await rig.make(2, again)).sameAs, null);
});

test("what an app may write has each its own, and root's snapshots are made each time", async (context) => {
  const rig = await deployed(context);
  assert.equal((await rig.make(2, { ...again, writable: ["cache"] })).sameAs, null);
  assert.equal((await rig.make(3, { ...again, uid: 0 })).sameAs, null);
});

test("a link to what is shared leads where it led, or another snapshot is made", async (context) => {
  const rig = await deployed(context);
  assert.equal((await rig.make(2, { ...again, shared: ["data/there"] })).sameAs, null);
  const link = join(rig.snapshot(1), "data/here");
  chmodSync(join(link, ".."), 0o755);
  rmSync(link);
  symlinkSync("/elsewhere", link);
  chmodSync(join(link, ".."), 0o555);
  assert.equal((await rig.make(3, again)).sameAs, null);
});
