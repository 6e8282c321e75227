import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { DEADLINE_MS, waitUntil } from "../harness/container/wait-until.js";
import { Rig } from "../harness/process/rig.js";

const run = promisify(execFile);
const skip = process.geteuid?.() !== 0 && "needs root to be somebody else";

const viewers = 61_001;
const operators = 61_002;
const others = 61_003;
const user = 61_000;

/** What a user who is in a group gets, as a status of HTTP; 0 where it cannot even connect. */
async function ask(rig: Rig, group: number, path: string, method = "GET"): Promise<number> {
  const who = ["--reuid", `${user}`, "--regid", `${user}`, "--groups", `${group}`];
  const socket = join(rig.runtimeDirectory, "control.sock");
  const curl = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", method, "--unix-socket", socket];
  try {
    return Number((await run("setpriv", [...who, ...curl, `http://x${path}`])).stdout);
  } catch {
    return 0;
  }
}

test("members of the viewers' group may look, those of the operators' act, and nobody else may connect", {
  skip,
}, async () => {
  await using rig = new Rig({ config: `[control]\nviewers = "${viewers}"\noperators = "${operators}"` });
  chmodSync(rig.directory, 0o755);
  await rig.manager.startReady();
  const granted = () =>
    waitUntil("the groups", DEADLINE_MS, async () => (await ask(rig, viewers, "/v1/status")) === 200);
  await granted();
  assert.equal(await ask(rig, viewers, "/v1/drain", "POST"), 403);
  assert.equal(await ask(rig, operators, "/v1/history"), 200);
  assert.equal(await ask(rig, others, "/v1/status"), 0);
  assert.equal(await ask(rig, operators, "/v1/upgrade?message=ops", "POST"), 202);
  await rig.settled();
  const history = await rig.control.history();
  assert.ok(history.ok);
  assert.deepEqual(history.value.at(-1)?.origin?.asked, { by: { kind: "user", uid: user }, message: "ops" });

  // The next daemon, which starts nothing, lets them in as well.
  await rig.manager.kill9();
  await rig.manager.startReady();
  await granted();

  const config = readFileSync(rig.configFile, "utf8");
  writeFileSync(rig.configFile, config.replace(/^viewers.*$/m, ""));
  await rig.upgrade();
  await waitUntil(
    "viewers to be let in no more",
    DEADLINE_MS,
    async () => (await ask(rig, viewers, "/v1/status")) === 0,
  );
  assert.equal(await ask(rig, operators, "/v1/status"), 200);
});
