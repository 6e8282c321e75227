import assert from "node:assert/strict";
import { chownSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readCommit } from "../../../src/release/read-commit.js";
import { readVersion } from "../../../src/release/read-version.js";
import { ReleaseRig } from "./rig.js";

const skip = process.geteuid?.() !== 0 && "needs root, which another user's release is not to lead";
const owner = 4242;

test("root shows nothing as version or commit that the release's owner could not read", {
  skip,
}, async (context) => {
  const rig = new ReleaseRig(context);
  const secret = "0123456789abcdef0123456789abcdef01234567";
  const kept = join(rig.top, "kept");
  // A file that all may read, in a directory that nobody may search.
  mkdirSync(kept, { mode: 0o700 });
  writeFileSync(join(kept, "secret.json"), `{"version":"${secret}"}`);
  writeFileSync(join(kept, "secret"), secret, { mode: 0o600 });
  symlinkSync(join(kept, "secret.json"), join(rig.release, "package.json"));
  symlinkSync(join(kept, "secret"), join(rig.release, "version"));
  rig.write(".git/config");
  symlinkSync(join(kept, "secret"), join(rig.release, ".git/HEAD"));
  chownSync(rig.release, owner, owner);
  const { version, commit } = await rig.make(1);
  assert.deepEqual([version, commit], [null, null]);
  assert.deepEqual([readVersion(rig.release), readCommit(rig.release)], [null, null]);
});

test("of the release's owner it shows both, also by links", { skip }, async (context) => {
  const rig = new ReleaseRig(context);
  const commit = "0123456789abcdef0123456789abcdef01234567";
  rig.write("about/version", "1.2");
  symlinkSync("about/version", join(rig.release, "version"));
  rig.write(".git/HEAD", commit);
  chownSync(rig.release, owner, owner);
  const made = await rig.make(1);
  assert.deepEqual([made.version, made.commit], ["1.2", commit]);
  assert.deepEqual([readVersion(rig.release), readCommit(rig.release)], ["1.2", commit]);
});

test("root makes a snapshot without running what others put into PATH", { skip }, async (context) => {
  const rig = new ReleaseRig(context);
  const programs = join(rig.top, "bin");
  mkdirSync(programs);
  writeFileSync(join(programs, "sync"), `#!/bin/sh\n: > ${rig.top}/ran\n`, { mode: 0o755 });
  chownSync(programs, owner, owner);
  const path = process.env["PATH"];
  context.after(() => {
    process.env["PATH"] = path;
  });
  process.env["PATH"] = `${programs}:${path}`;
  rig.write("code");
  await rig.make(1);
  assert.ok(!existsSync(join(rig.top, "ran")));
});
