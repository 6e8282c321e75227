import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { balance } from "../../harness/process/accounts.js";
import { KeptConnection } from "../../harness/process/kept.js";
import { Rig } from "../../harness/process/rig.js";

test("workers whose channels were lost with the fd store serve on, and drain as plain ones do", async () => {
  await using rig = new Rig({ native: true, workers: 2 });
  await rig.manager.startReady();
  await using load = rig.load();
  const connection = await KeptConnection.open(rig.port);
  await connection.ask();
  await rig.manager.kill9();
  rig.manager.store.clear();
  await rig.manager.startReady();
  assert.equal((await connection.ask()).generation, 1);
  assert.equal((await rig.upgrade()).failure, null);
  // It is told with its next response, for there is nobody to move it to.
  await rig.manager.waitFor("the connection to be told", async () => !(await connection.ask()).kept);
  await rig.settled();
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.equal((await rig.ask()).generation, 2);
  await balance(rig);
});

test("a candidate that stands by and has lost its channel is replaced: nobody could tell it to accept", async () => {
  const verify = 'verify = { http = "/healthz", timeout = "20s" }\n';
  await using rig = new Rig({ native: true, config: verify });
  await rig.manager.startReady();
  await using load = rig.load();
  const gate = join(rig.directory, "gate");
  rig.release({ version: "2", gate });
  assert.ok((await rig.control.request("upgrade")).ok);
  await rig.until("the verification", ({ generations }) =>
    generations.some(({ detail }) => detail === "is being verified"),
  );
  await rig.manager.kill9();
  rig.manager.store.clear();
  await rig.manager.startReady();
  rig.openGate(gate);
  const { lastUpgrade } = await rig.settled();
  assert.equal(lastUpgrade?.failure, null);
  await rig.manager.waitFor("the new version", async () => (await rig.ask()).version === "2");
  await load.stop();
  assert.deepEqual(load.failures, []);
  await balance(rig);
});
