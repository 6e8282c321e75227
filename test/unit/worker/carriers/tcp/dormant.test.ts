import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import type { TcpHooks } from "../../../../../src/worker/carriers/tcp/tcp-carrier.js";
import { move, partners, until } from "./rig.js";

const { start, dial } = partners();

/** Each line is answered with how many there were, over all workers; `restored` and `ended` are for those that came over. */
function counting() {
  const told = { restored: 0, ended: 0 };
  const counts = new WeakMap<object, number>();
  const hooks: TcpHooks = {
    dormant: true,
    save: (socket) => counts.get(socket) ?? 0,
    restore(socket, saved) {
      if (saved !== undefined) told.restored += 1;
      counts.set(socket, Number(saved ?? 0));
      socket.on("data", () => {
        counts.set(socket, (counts.get(socket) ?? 0) + 1);
        socket.write(`${counts.get(socket)};`);
      });
      socket.on("end", () => {
        told.ended += 1;
      });
    },
  };
  return { hooks, told };
}

test("restore waits for the client to speak, over several workers, with what the first of them saved", async () => {
  const { hooks, told } = counting();
  const [a, b, c] = [await start(hooks), await start(hooks), await start(hooks)];
  const { socket, received } = await dial(a.port);
  socket.write("one");
  await until("it is answered", () => received().toString() === "1;");
  assert.equal(await move(a.carrier, b.carrier), 1);
  assert.equal(await move(b.carrier, c.carrier), 1);
  assert.deepEqual([told.restored, c.carrier.open, c.carrier.counters.adopted], [0, 1, 1]);
  socket.write("two");
  await until("it is answered", () => received().toString() === "1;2;");
  assert.deepEqual([told.restored, c.carrier.open], [1, 1]);
});

test("the app hears of the end of a client that has not spoken since", async () => {
  const { hooks, told } = counting();
  const [a, b] = [await start(hooks), await start(hooks)];
  const { socket } = await dial(a.port);
  await until("it is accepted", () => a.carrier.open === 1);
  await move(a.carrier, b.carrier);
  socket.end();
  await until("the app has heard", () => told.ended === 1);
  await until("it is gone", () => b.carrier.open === 0);
  assert.equal(told.restored, 1);
});

test("what was read, or is still to be written, wakes it at once", async () => {
  const { hooks, told } = counting();
  const [a, b] = [await start(hooks), await start(hooks)];
  const { received } = await dial(a.port);
  await until("it is accepted", () => a.carrier.open === 1);
  const [frozen] = a.carrier.freeze(1);
  assert.ok(frozen);
  b.carrier.adopt({ ...frozen, input: Buffer.from("read") });
  await until("it is answered", () => received().toString() === "1;");
  assert.equal(told.restored, 1);
});

test("a restore that throws closes the connection then, and says why", async () => {
  const { hooks } = counting();
  const failing: TcpHooks = {
    ...hooks,
    restore() {
      throw new Error("not this one");
    },
  };
  const [a, b] = [await start(hooks), await start(failing)];
  const { socket, seen } = await dial(a.port);
  await until("it is accepted", () => a.carrier.open === 1);
  await move(a.carrier, b.carrier);
  assert.deepEqual([b.reports, b.carrier.open], [[], 1]);
  socket.write("hello");
  await until("it is closed", () => seen.closed);
  assert.match(b.reports[0]?.message ?? "", /not this one/);
  assert.deepEqual([b.carrier.open, b.carrier.counters.cut], [0, 1]);
});

test("what is cut counts as cut, and a server that is closed waits for the others", async () => {
  const { hooks } = counting();
  const [a, b] = [await start(hooks), await start(hooks)];
  const { seen } = await dial(a.port);
  await until("it is accepted", () => a.carrier.open === 1);
  await move(a.carrier, b.carrier);
  const closed = once(b.server, "close");
  b.server.close();
  assert.equal(await new Promise((resolve) => b.server.getConnections((_, count) => resolve(count))), 1);
  b.carrier.cut();
  await closed;
  await until("the client has seen the end", () => seen.ended);
  assert.deepEqual([b.carrier.open, b.carrier.counters.cut], [0, 1]);
});
