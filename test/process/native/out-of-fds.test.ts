import assert from "node:assert/strict";
import { test } from "node:test";
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
