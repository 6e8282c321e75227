import assert from "node:assert/strict";
import { openSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { closeFd } from "../../../src/linux/fd.js";
import { sendMessage } from "../../../src/linux/message.js";
import { openSocketPair } from "../../../src/linux/socket-pair.js";
import { balance } from "../../harness/process/accounts.js";
import { KeptConnection } from "../../harness/process/kept.js";
import { Rig } from "../../harness/process/rig.js";

const connections = 200;
const roomy = 400;
const tight = 110;

for (const [what, before, after] of [
  ["the new worker has no room for them all", roomy, tight],
  ["the old worker has not an fd to spare", connections + 30, roomy],
] as const) {
  test(`where ${what}, what fits moves, the rest is finished, and no request is lost`, async (t) => {
    await using rig = new Rig({ native: true });
    rig.fdLimit = before;
    rig.configure();
    await rig.manager.startReady();
    const open = await KeptConnection.openMany(rig.port, connections);
    await Promise.all(open.map((connection) => connection.ask()));
    rig.fdLimit = after;
    rig.configure();
    assert.equal((await rig.upgrade()).failure, null);
    const moved = new Set<KeptConnection>();
    await rig.manager.waitFor("one generation, ready", async () => {
      const answers = open.filter(({ closed }) => !closed);
      await Promise.all(
        answers.map(async (connection) => {
          const { kept, generation } = await connection.ask();
          if (generation === 2 && kept) moved.add(connection);
          // The client's side of `Connection: close`.
          if (!kept) open.splice(open.indexOf(connection), 1);
        }),
      );
      return (await rig.status()).generations.length === 1;
    });
    t.diagnostic(`${moved.size} of ${connections} moved`);
    assert.equal((await rig.ask()).generation, 2);
    await rig.settled();
    await balance(rig);
    for (const connection of open) connection.end();
  });
}

test("while the user has too many fds on their way (ETOOMANYREFS), what moves waits and arrives, and no request is lost", async () => {
  const count = 80;
  await using rig = new Rig({ native: true });
  rig.unprivileged = true;
  rig.fdLimit = roomy;
  rig.configure();
  await rig.manager.startReady();
  const open = await KeptConnection.openMany(rig.port, count);
  await Promise.all(open.map((connection) => connection.ask()));
  const gate = join(rig.directory, "gate");
  rig.release({ version: "2", gate });
  rig.configure('verify = { http = "/healthz", timeout = "20s" }\n');
  const upgrade = rig.upgrade();
  // The state has been tried by then: what waits from here on is the hand-over.
  await rig.until("the verification's request", ({ generations: [, candidate] }) => {
    return candidate?.counters?.requests === 1;
  });
  const hog = openSocketPair("seqpacket");
  const any = openSync("/dev/null", "r");
  try {
    const fds = Array.from({ length: 250 }, () => any);
    for (let sent = 0; sent <= roomy; sent += fds.length) {
      assert.equal(sendMessage(hog[0], Buffer.from("hog"), fds), 3);
    }
    rig.openGate(gate);
    assert.equal((await upgrade).failure, null);
    await rig.until("two batches to be on their way, and nothing there", ({ generations }) => {
      const [old, fresh] = generations;
      // The second batch has as many as the first, which is one, or twice as many, by how long that took.
      return [1 + 1, 1 + 2].includes(old?.counters?.moved ?? 0) && fresh?.counters?.adopted === 0;
    });
    assert.equal((await rig.ask()).generation, 2);
  } finally {
    for (const fd of [...hog, any]) closeFd(fd);
  }
  for (const connection of open) {
    const { generation, kept } = await connection.ask();
    assert.deepEqual([generation, kept], [2, true]);
  }
  await rig.settled();
  await balance(rig);
  for (const connection of open) connection.end();
});
