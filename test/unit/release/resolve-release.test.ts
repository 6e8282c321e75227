import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { messageOf } from "../../../src/lib/failure.js";
import { resolveRelease } from "../../../src/release/resolve-release.js";
import { ReleaseRig } from "./rig.js";

test("a release that cannot be used is refused in a sentence, without names of system calls", (context) => {
  const { top } = new ReleaseRig(context);
  const refusal = (release: string): string => {
    const resolved = resolveRelease(join(top, release));
    return resolved.ok ? "" : resolved.failure.message;
  };
  assert.match(refusal("gone"), /gone: there is no such directory; deploy it, or correct `release`/);
  symlinkSync("releases/7", join(top, "current"));
  mkdirSync(join(top, "releases"));
  assert.match(refusal("current"), /current: it is a link to releases\/7, and that is not there; deploy it/);
  writeFileSync(join(top, "file"), "");
  assert.match(refusal("file"), /it is not a directory/);
  for (const release of ["gone", "current", "file"]) assert.doesNotMatch(refusal(release), /ENOENT|stat/);
});

test("what a failed system call says is what and where", () => {
  assert.equal(
    messageOf(new Error("ENOENT: no such file or directory, lstat '/srv/web'")),
    "no such file or directory: /srv/web",
  );
  assert.equal(messageOf(new Error("EIO: i/o error, read")), "i/o error");
  assert.equal(
    messageOf(new Error("connect ECONNREFUSED 127.0.0.1:80")),
    "connect ECONNREFUSED 127.0.0.1:80",
  );
});
