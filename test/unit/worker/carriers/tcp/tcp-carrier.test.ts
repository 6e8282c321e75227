import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { openSync } from "node:fs";
import { createServer, connect as dialLate, type Socket } from "node:net";
import { test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import type { Failure } from "../../../../../src/lib/failure.js";
import { closeFd } from "../../../../../src/linux/fd.js";
import { notYet } from "../../../../../src/worker/carriers/socket/ask-to-save.js";
import { freezeSocket } from "../../../../../src/worker/carriers/socket/freeze-socket.js";
import { watchOutput } from "../../../../../src/worker/carriers/socket/outbox.js";
import { createTcpCarrier, type TcpHooks } from "../../../../../src/worker/carriers/tcp/tcp-carrier.js";
import { checkTcpInternals } from "../../../../../src/worker/node-internals/check-tcp.js";
import { countLines } from "./count-lines.js";
import { countSockets, listen, move, partners, stop, until } from "./rig.js";

const { start, dial } = partners();

test("a connection whose answer is being worked on stays until it may go, and says so", async () => {
  let working = true;
  const hooks: TcpHooks = {
    save: () => (working ? notYet : null),
    restore: (socket) => void socket.on("data", (data) => socket.write(data)),
  };
  const a = await start(hooks);
  const b = await start(hooks);
  const { socket, received } = await dial(a.port);
  await until("it is accepted", () => a.carrier.open === 1);
  let changes = 0;
  a.carrier.onChange(() => changes++);
  assert.equal(await move(a.carrier, b.carrier), 0);
  await until("the carrier asks to look again", () => changes > 0);
  socket.write("still here");
  await until("it is answered", () => received().toString() === "still here");
  working = false;
  assert.equal(await move(a.carrier, b.carrier), 1);
  socket.write(" and there");
  await until("it is answered", () => received().toString() === "still here and there");
});

const failing: readonly [string, () => unknown, RegExp][] = [
  ["throws", () => assert.fail("no way"), /cannot save a connection: no way/],
  ["returns a Map", () => ({ user: { rooms: new Map() } }), /the value\.user\.rooms \(a Map\)/],
  ["returns a promise", async () => ({}), /a Promise/],
  ["returns a function", () => () => {}, /a function/],
  ["returns a number that JSON has not", () => [1, Number.NaN], /the value\.1 \(NaN\)/],
  ["returns a circle", () => Object.assign([], { 0: globalThis }), /cannot save a connection/],
  ["returns a BigInt", () => 1n, /BigInt/],
];
for (const [what, save, message] of failing) {
  test(`a connection whose save ${what} is kept here and reported once`, async () => {
    let asked = 0;
    const hooks: TcpHooks = {
      save() {
        asked++;
        return save();
      },
      restore: (socket) => void socket.on("data", (data) => socket.write(data)),
    };
    const a = await start(hooks);
    const b = await start(hooks);
    const [one, two] = [await dial(a.port), await dial(a.port)];
    await until("both are accepted", () => a.carrier.open === 2);
    const sockets = countSockets();
    assert.equal(await move(a.carrier, b.carrier), 0);
    assert.equal(await move(a.carrier, b.carrier), 0);
    assert.equal(countSockets(), sockets);
    for (const { socket } of [one, two]) socket.write("echo");
    await until("both are answered", () =>
      [one, two].every(({ received }) => received().toString() === "echo"),
    );
    assert.equal(asked, 2, "each is asked once");
    assert.equal(a.reports.length, 1);
    assert.equal(a.reports[0]?.reason, "save-failed");
    assert.match(a.reports[0]?.message ?? "", message);
  });
}

test("a connection that restore refuses is closed, counted and not leaked", async () => {
  const a = await start({ save: () => null, restore: (socket) => void socket.resume() });
  const b = await start({ save: () => null, restore: () => assert.fail("not mine") });
  const { seen } = await dial(a.port);
  await until("it is accepted", () => a.carrier.open === 1);
  await assert.rejects(move(a.carrier, b.carrier), { code: "restore-failed", message: /not mine/ });
  await until("the client sees the close", () => seen.closed);
  assert.equal(b.carrier.open, 0);
  assert.equal(b.carrier.counters.cut, 1);
  assert.equal(b.carrier.counters.adopted, 0);
});

test("an fd that is no connection is closed and refused", async () => {
  const a = await start({ save: () => null, restore: () => {} });
  const before = countSockets();
  const frozen = {
    fd: openSync("/dev/null", "r"),
    meta: {},
    input: Buffer.alloc(0),
    output: Buffer.alloc(0),
  };
  assert.throws(() => a.carrier.adopt(frozen), { code: "adopt-failed" });
  assert.equal(countSockets(), before);
});

test("without hooks nothing moves and nothing is reported", async () => {
  const a = await start(undefined);
  const { socket } = await dial(a.port);
  await until("it is accepted", () => a.carrier.open === 1);
  assert.deepEqual(a.carrier.freeze(10), []);
  assert.deepEqual(a.reports, []);
  let changes = 0;
  a.carrier.onChange(() => changes++);
  socket.destroy();
  await until("the end is told", () => changes === 1 && a.carrier.open === 0);
});

test("nginx, the shutdown timeout of streams: draining accepts nobody, and what is left at the deadline is cut and counted", async () => {
  const a = await start({ save: () => notYet, restore: (socket) => void socket.resume() });
  const { seen } = await dial(a.port);
  const early = await dial(a.port);
  const leaving = await dial(a.port);
  await until("they are accepted", () => a.carrier.open === 3);
  early.socket.destroy();
  await until("one has ended before the drain", () => a.carrier.open === 2);
  a.carrier.beginDrain();
  leaving.socket.destroy();
  await until("one has ended in the drain", () => a.carrier.open === 1);
  const late = dialLate(a.port, "127.0.0.1");
  const [error] = await once(late, "error");
  assert.equal(error.code, "ECONNREFUSED");
  a.carrier.cut();
  await until("the client sees the close", () => seen.closed);
  const { accepted, finished, cut, open } = a.carrier.counters;
  assert.deepEqual({ accepted, finished, cut, open }, { accepted: 3, finished: 1, cut: 1, open: 0 });
});

test("a connection taken back by its own server goes on there", async () => {
  const a = await start(countLines(undefined));
  const { socket, received } = await dial(a.port);
  socket.write("one\ntw");
  await until("the first is answered", () => received().length > 0);
  await move(a.carrier, a.carrier);
  socket.write("o\n");
  await until("the second is answered", () => received().toString() === "0:one\n1:two\n");
});

test("a connection with a write of unknown bytes under way waits until they are out", async () => {
  const body = randomBytes(8_000_000);
  const server = createServer((socket) => {
    socket.write(body);
    watchOutput(socket);
    accepted.push(socket);
  });
  const accepted: Socket[] = [];
  const client = await dial(await listen(server));
  client.socket.pause();
  await until("it is accepted", () => accepted.length === 1);
  const [socket] = accepted;
  assert.ok(socket);
  const take = () =>
    freezeSocket(
      socket,
      () => null,
      () => {},
    );
  assert.deepEqual(take(), { kind: "busy" });
  client.socket.resume();
  await until("everything has come", () => client.received().length === body.length);
  await until("the write is over", () => socket.writableLength === 0);
  const taken = take();
  assert.ok(taken.kind === "taken");
  closeFd(taken.fd);
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

test("a connection under TLS never moves, and that is said once", async () => {
  const server = createTlsServer();
  const reports: Failure[] = [];
  const carrier = createTcpCarrier(server, countLines(undefined), (failure) => reports.push(failure));
  await dial(await listen(server));
  await until("it is accepted", () => carrier.open === 1);
  assert.deepEqual(carrier.freeze(1), []);
  assert.deepEqual(
    reports.map(({ reason }) => reason),
    ["tcp-immovable"],
  );
  await stop({ server, carrier });
});

test("this Node has what moving connections needs", () => {
  assert.equal(checkTcpInternals(), undefined);
});
