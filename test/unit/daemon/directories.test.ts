import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const skip = process.geteuid?.() !== 0 && "needs root to make another user's folder";
const daemon = fileURLToPath(new URL("../../../src/daemon.js", import.meta.url));
/** Of no user of this machine; to the daemon it is its own. */
const uid = 1_999_998;
const pretend = `data:text/javascript,process.getuid=process.geteuid=()=>${uid}`;

for (const place of [`/tmp/holdfast-${uid}`, `/var/tmp/holdfast-${uid}`]) {
  test(`a daemon does not use ${place.replace(String(uid), "UID")} when somebody else made it`, {
    skip,
    timeout: 30_000,
  }, (t) => {
    t.after(() => {
      for (const base of ["/tmp", "/var/tmp"])
        rmSync(`${base}/holdfast-${uid}`, { recursive: true, force: true });
    });
    mkdirSync(place);
    chownSync(place, 6666, 6666);
    const { status, stderr } = spawnSync(
      process.execPath,
      ["--import", pretend, daemon, "--name", "web", "--config", "/nowhere.toml"],
      { env: { PATH: process.env["PATH"] }, encoding: "utf8", timeout: 20_000 },
    );
    assert.equal(status, 78, stderr);
    assert.match(stderr, new RegExp(`cannot use ${place}: it was made by user 6666`));
    assert.ok(!existsSync(`${place}/web`));
  });
}
