import assert from "node:assert/strict";
import { test } from "node:test";
import { KeptConnection } from "../../harness/process/kept.js";
import { Rig } from "../../harness/process/rig.js";

/** A Node in which one of the undocumented things is not what it was, and nothing else is different. */
const changedNode = `
import { ServerResponse } from "node:http";
Object.defineProperty(ServerResponse.prototype, "shouldKeepAlive", {
  get() { return this.keep; },
  set(keep) { this.keep = keep ? "yes" : false; },
});`;

test("on a Node that lacks what moving needs a worker says so once, and drains without losing a request", async () => {
  await using rig = new Rig({ native: true });
  const options = `--import=data:text/javascript,${encodeURIComponent(changedNode)}`;
  rig.configure(`environment = { NODE_OPTIONS = ${JSON.stringify(options)} }\n`);
  await rig.manager.startReady();
  const idle = await KeptConnection.openMany(rig.port, 5);
  for (const connection of idle) assert.equal((await connection.ask()).kept, true);
  const said = (): number => rig.manager.log().split("this Node lacks").length - 1;
  assert.equal(said(), 1, rig.manager.log());
  await using load = rig.load();
  assert.equal((await rig.upgrade()).failure, null);
  assert.ok((await rig.status()).generations.every(({ workers }) => workers.every(({ native }) => native)));
  // The new generation answers before the old one has read that it is to drain.
  const [first, ...others] = idle;
  assert.ok(first !== undefined);
  await rig.manager.waitFor("the first to be told", async () => {
    const { generation, kept } = await first.ask();
    assert.equal(generation, 1);
    return !kept;
  });
  for (const connection of others) {
    const { generation, kept } = await connection.ask();
    assert.deepEqual([generation, kept], [1, false], "the old generation answers once more and says goodbye");
    connection.end();
  }
  await rig.settled();
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.equal(said(), 2, "once for each of the two workers");
});
