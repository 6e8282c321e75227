import assert from "node:assert/strict";
import { test } from "node:test";
import type { StatusReport } from "../../../src/control/port.js";
import { balance } from "../../harness/process/accounts.js";
import { KeptConnection } from "../../harness/process/kept.js";
import { Rig } from "../../harness/process/rig.js";

/** What status says of the active generation's connections. */
function countOpen({ generations }: StatusReport): number {
  const servers = generations.at(-1)?.workers.flatMap((worker) => worker.servers) ?? [];
  return servers.reduce((sum, { counters }) => sum + counters.open, 0);
}

/** So many clients that have each asked once, before an upgrade that none of them has noticed. */
async function moveSilently(rig: Rig, count: number): Promise<KeptConnection[]> {
  await rig.manager.startReady();
  const connections = await KeptConnection.openMany(rig.port, count);
  for (const connection of connections) await connection.ask();
  rig.release({ version: "2" });
  assert.equal((await rig.upgrade()).failure, null);
  await rig.settled();
  return connections;
}

for (const exclusive of [false, true]) {
  test(`connections that nobody has used since they moved count as open, and answer after further upgrades${exclusive ? ", exclusive" : ""}`, async () => {
    await using rig = new Rig({ native: true, exclusive });
    const connections = await moveSilently(rig, 50);
    for (const version of ["3", "4"]) {
      await rig.until("all of them in status", (status) => countOpen(status) === 50);
      rig.release({ version });
      assert.equal((await rig.upgrade()).failure, null);
      await rig.settled();
    }
    const answers = await Promise.all(connections.map((connection) => connection.ask()));
    assert.ok(answers.every(({ version, kept }) => version === "4" && kept));
    for (const connection of connections) connection.end();
    await balance(rig);
  });
}

test("a worker that dies while they are dormant takes only its own connections along, and the next one serves", async () => {
  await using rig = new Rig({ native: true, workers: 2 });
  const connections = await moveSilently(rig, 40);
  const [dying] = (await rig.status()).generations.at(-1)?.workers ?? [];
  const own = dying?.servers.reduce((sum, { counters }) => sum + counters.open, 0) ?? 0;
  assert.ok(dying?.pid != null && own > 0);
  process.kill(dying.pid, "SIGKILL");
  await rig.manager.waitFor(
    "its clients to see the end",
    () => connections.filter(({ closed }) => closed).length === own,
  );
  const left = connections.filter(({ closed }) => !closed);
  assert.ok((await Promise.all(left.map((connection) => connection.ask()))).every(({ kept }) => kept));
  assert.equal((await rig.ask()).version, "2");
  for (const connection of left) connection.end();
});

test("clients that hang up while they are dormant are gone from status, and the worker drains at once", async () => {
  await using rig = new Rig({ native: true });
  const connections = await moveSilently(rig, 50);
  for (const connection of connections.slice(10)) connection.end();
  await rig.until("ten in status", (status) => countOpen(status) === 10);
  for (const connection of connections) connection.end();
  await rig.until("none in status", (status) => countOpen(status) === 0);
  await balance(rig);
});
