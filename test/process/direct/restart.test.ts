import assert from "node:assert/strict";
import { test } from "node:test";
import { duplicateFd } from "../../../src/linux/fd.js";
import { fillMemfd } from "../../../src/linux/memfd.js";
import { DirectRig, type DirectRigOptions } from "./direct-rig.js";
import { KeptClient } from "./kept-client.js";

/** With clients that have each had one answer. */
async function serving(
  count: number,
  options: DirectRigOptions,
  prove: (rig: DirectRig, clients: KeptClient[]) => Promise<void>,
): Promise<void> {
  await using rig = new DirectRig(options);
  await rig.manager.startReady();
  const clients: KeptClient[] = [];
  try {
    for (let opened = 0; opened < count; opened += 1) clients.push(await KeptClient.open(rig.port));
    for (const client of clients) await client.ask();
    await prove(rig, clients);
  } finally {
    for (const client of clients) client.end();
  }
}

const connections = (rig: DirectRig): number =>
  rig.manager.store.names.filter((name) => name === "holdfast.connection").length;

test("a restart keeps every connection, the state and the socket", async () => {
  await serving(300, {}, async (rig, clients) => {
    const [first] = clients;
    for (let asked = 0; asked < 3; asked += 1) await first?.ask("/count");
    await rig.endForRestart();
    assert.equal(rig.manager.exit?.code, 0, rig.manager.log());
    assert.equal(connections(rig), 300);
    const early = clients[1]?.ask("/count");
    const fresh = KeptClient.open(rig.port);
    rig.put("version", "v2");
    await rig.manager.startReady();
    assert.equal((await early)?.count, 4);
    for (const client of clients) {
      const { version, pid } = await client.ask();
      assert.deepEqual({ version, pid }, { version: "v2", pid: rig.manager.pid });
    }
    clients.push(await fresh);
    assert.equal((await (await fresh).ask()).version, "v2");
    assert.equal(clients.filter(({ closed }) => closed).length, 0);
    await rig.manager.waitFor(
      "an fd store with the socket alone",
      () => rig.manager.store.names.length === 1,
    );
    assert.match(rig.manager.store.names[0] ?? "", /^holdfast\.bound\./);
  });
});

test("a request in flight is answered before the restart, and its connection goes on after it", async () => {
  await serving(1, {}, async (rig, [client]) => {
    const before = rig.manager.pid;
    const slow = client?.ask("/slow?ms=500");
    await new Promise(setImmediate);
    await rig.endForRestart();
    assert.equal((await slow)?.pid, before);
    await rig.manager.startReady();
    assert.equal((await client?.ask())?.pid, rig.manager.pid);
  });
});

test("restarts follow each other", async () => {
  await serving(20, {}, async (rig, clients) => {
    for (let round = 0; round < 3; round += 1) {
      await rig.endForRestart();
      await rig.manager.startReady();
      for (const client of clients) assert.equal((await client.ask()).pid, rig.manager.pid);
    }
  });
});

test("connections for which the fd store has no room are told to close, not cut", async () => {
  // One place is taken by the socket, one is for the parcel.
  await serving(6, { storeMax: 5 }, async (rig, clients) => {
    const before = rig.manager.pid;
    /** Asks until it is told to close, or answered by the next process. */
    const keepAsking = async (client: KeptClient): Promise<boolean> => {
      for (;;) {
        const { kept, pid } = await client.ask();
        if (!kept || pid !== before) return kept;
      }
    };
    const asking = Promise.all(clients.map(keepAsking));
    await rig.endForRestart();
    assert.equal(connections(rig), 3);
    await rig.manager.startReady();
    assert.equal((await asking).filter((kept) => kept).length, 3);
  });
});

test("a parcel that is damaged costs the connections and nothing else", async () => {
  await serving(3, {}, async (rig, clients) => {
    await rig.endForRestart();
    rig.manager.store.remove("holdfast.parcel");
    rig.manager.store.add("holdfast.parcel", fillMemfd("garbage", Buffer.from('{"format":1}\n{}')));
    await rig.manager.startReady();
    await rig.manager.waitFor("closed connections", () => clients.every(({ closed }) => closed));
    assert.equal(connections(rig), 0);
    const client = await KeptClient.open(rig.port);
    clients.push(client);
    assert.equal((await client.ask()).pid, rig.manager.pid);
  });
});

test("connections of which a part did not arrive: the others go on", async () => {
  await serving(4, {}, async (rig, clients) => {
    await rig.endForRestart();
    const [one, ...others] = rig.manager.store.entries.filter(({ name }) => name === "holdfast.connection");
    assert.ok(one !== undefined && others.length === 3);
    const copies = others.map(({ fd }) => duplicateFd(fd));
    rig.manager.store.remove("holdfast.connection");
    for (const copy of copies) rig.manager.store.add("holdfast.connection", copy);
    await rig.manager.startReady();
    await rig.manager.waitFor("one closed connection", () => clients.some(({ closed }) => closed));
    const alive = clients.filter(({ closed }) => !closed);
    assert.equal(alive.length, 3);
    for (const client of alive) assert.equal((await client.ask()).pid, rig.manager.pid);
  });
});

test("a version that refuses the state never serves, and the connections wait for one that takes it", async () => {
  await serving(3, {}, async (rig, clients) => {
    await clients[0]?.ask("/count");
    await rig.endForRestart();
    rig.put("refuse-state", "");
    rig.manager.start();
    assert.equal((await rig.manager.ended()).code, 1);
    assert.ok(!rig.manager.messages.includes("READY=1"));
    assert.equal(connections(rig), 3);
    rig.remove("refuse-state");
    await rig.manager.startReady();
    for (const client of clients) assert.equal((await client.ask()).count, 1);
  });
});

test("a process that is ended before it serves leaves to the next what it has not taken over", async () => {
  await serving(3, {}, async (rig, clients) => {
    await rig.endForRestart();
    rig.put("never-serve", "");
    rig.manager.start();
    await rig.manager.waitFor("a process that knows its end", () => rig.manager.log().includes("waits"));
    rig.manager.signal("SIGTERM");
    assert.equal((await rig.manager.ended()).code, 0);
    rig.remove("never-serve");
    await rig.manager.startReady();
    for (const client of clients) assert.equal((await client.ask()).pid, rig.manager.pid);
  });
});
