import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, statSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { takeoverSocketIn } from "../../src/lib/directories.js";
import { assertAlone } from "../harness/process/alone.js";
import { futureDaemon, install, presentDaemon } from "../harness/process/programs.js";
import { Rig } from "../harness/process/rig.js";
import { asRoot, Taker } from "../harness/process/taker.js";

const askForEverything = fileURLToPath(new URL("../harness/process/ask-for-everything.js", import.meta.url));

test(
  "only root and the service's user may ask: another user has no way to the socket, nor is answered on it",
  asRoot,
  async () => {
    await using rig = new Rig({ standalone: true });
    rig.manager.start();
    await rig.settled();
    const socket = takeoverSocketIn(rig.runtimeDirectory);
    assert.equal(statSync(socket).mode & 0o777, 0o600);
    const askAs = async (uid: number, protocol = 2): Promise<string> => {
      const args = [askForEverything, socket, rig.name, String(uid), String(protocol)];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      return stdout.trim();
    };
    for (const directory of [rig.directory, rig.runtimeDirectory]) chmodSync(directory, 0o711);
    const nobody = 65_534;
    assert.equal(await askAs(nobody), "no way in");
    chmodSync(socket, 0o666);
    assert.equal(await askAs(nobody), "0 packets, 0 fds");
    // One that speaks another version of the takeover is told so.
    assert.equal(await askAs(0, 1), "1 packets, 0 fds");
    const status = await rig.settled();
    assert.equal(status.reexecFailed, null);
    await assertAlone(rig, status.pid, status);
  },
);

test("a daemon that cannot read the state of the one that serves, being older, takes nothing", async () => {
  await using rig = new Rig({ standalone: true });
  install(rig, futureDaemon);
  rig.manager.start();
  const { pid } = await rig.settled();
  const workers = rig.workers();
  await using load = rig.load();
  install(rig, presentDaemon);
  await using taker = new Taker(rig);
  assert.equal(await taker.exited, 78);
  assert.match(taker.log, /later version of Holdfast/);
  const after = await rig.settled();
  assert.deepEqual([after.pid, rig.workers()], [pid, workers]);
  await assertAlone(rig, pid, after);
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("a daemon of another name is refused, and the one that serves has not noticed", async () => {
  await using rig = new Rig({ standalone: true });
  await using other = new Rig({ standalone: true });
  rig.manager.start();
  await rig.settled();
  await using stranger = new Taker(other, [], takeoverSocketIn(rig.runtimeDirectory));
  assert.equal(await stranger.exited, 78);
  assert.match(stranger.log, /it refused: this is the service/);
  assert.equal((await rig.settled()).reexecFailed, null);
});
