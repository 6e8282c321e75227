import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { openSync } from "node:fs";
import { createServer, connect as dialLate, type Socket } from "node:net";
import { afterEach, test } from "node:test";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import { createServer as createTlsServer } from "node:tls";
import { promisify } from "node:util";
import type { Failure } from "../../../../../src/lib/failure.js";
import { closeFd } from "../../../../../src/linux/fd.js";
import { notYet } from "../../../../../src/worker/carriers/socket/ask-to-save.js";
import { freezeSocket } from "../../../../../src/worker/carriers/socket/freeze-socket.js";
import { watchOutput } from "../../../../../src/worker/carriers/socket/outbox.js";
import { createTcpCarrier, type TcpHooks } from "../../../../../src/worker/carriers/tcp/tcp-carrier.js";
import { checkTcpInternals } from "../../../../../src/worker/node-internals/check-tcp.js";
import {
  connect,
  countSockets,
  listen,
  move,
  moveAll,
  type Side,
  startSide,
  stop,
  travel,
  until,
} from "./rig.js";

const sides: Side[] = [];
const clients: Socket[] = [];

async function start(hooks: TcpHooks | undefined, allowHalfOpen = false): Promise<Side> {
  const side = await startSide(hooks, allowHalfOpen);
  sides.push(side);
  return side;
}

async function dial(port: number, allowHalfOpen = false) {
  const client = await connect(port, allowHalfOpen);
  clients.push(client.socket);
  return client;
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await stop(...sides.splice(0));
});

/** Answers each line with its number and its length; a half line is given back at a move. */
function countLines(encoding: BufferEncoding | undefined): TcpHooks {
  const known = new Map<Socket, { count: number; rest: Buffer | string }>();
  return {
    save(socket) {
      const app = known.get(socket);
      if (app === undefined) throw new Error("unknown");
      if (app.rest.length > 0) socket.unshift(app.rest);
      known.delete(socket);
      return app.count;
    },
    restore(socket, saved) {
      const app = { count: Number(saved ?? 0), rest: encoding === undefined ? Buffer.alloc(0) : "" };
      const state: { count: number; rest: Buffer | string } = app;
      known.set(socket, state);
      if (encoding !== undefined) socket.setEncoding(encoding);
      socket.on("data", (data: Buffer | string) => {
        state.rest =
          typeof data === "string" ? state.rest + data : Buffer.concat([Buffer.from(state.rest), data]);
        for (let at = state.rest.indexOf("\n"); at >= 0; at = state.rest.indexOf("\n")) {
          const line = state.rest.slice(0, at).toString();
          state.rest = state.rest.slice(at + 1);
          socket.write(`${state.count++}:${line}\n`);
        }
      });
    },
  };
}

for (const encoding of [undefined, "utf8"] as const) {
  test(`lines keep their order, their bytes and their count over hundreds of moves (${encoding ?? "bytes"})`, async () => {
    const socketsBefore = countSockets();
    const a = await start(countLines(encoding));
    const b = await start(countLines(encoding));
    const peers = await Promise.all(Array.from({ length: 8 }, () => dial(a.port)));
    await until("all are accepted", () => a.carrier.open === peers.length);
    const expected = peers.map(() => "");
    let running = true;
    const talking = peers.map(async ({ socket, received }, index) => {
      for (let line = 0; running; line++) {
        const text = `größe€😀${index}-${line}-${"x".repeat((line * 37) % 300)}`;
        expected[index] += `${line}:${text}\n`;
        const bytes = Buffer.from(`${text}\n`);
        // Cuts fall into lines and into characters.
        for (let at = 0; at < bytes.length; ) {
          const size = 1 + ((line * 7 + at) % 23);
          socket.write(bytes.subarray(at, at + size));
          at += size;
          if ((at + line) % 3 === 0) await nextTurn();
        }
      }
      await until(
        "all lines are answered",
        () => received().length >= Buffer.byteLength(expected[index] ?? ""),
      );
      assert.equal(received().toString(), expected[index]);
    });
    let moved = 0;
    for (let round = 0; round < 300; round++) {
      const [from, to] = round % 2 === 0 ? [a, b] : [b, a];
      moved += await move(from.carrier, to.carrier);
      assert.equal(from.carrier.open + to.carrier.open, peers.length);
      await nextTurn();
    }
    running = false;
    await Promise.all(talking);
    assert.ok(moved >= 1_000, `${moved} moves`);
    const [counted, other] = [a.carrier.counters, b.carrier.counters];
    assert.equal(counted.moved + other.moved, moved);
    assert.equal(counted.adopted + other.adopted, moved);
    assert.equal(counted.accepted, peers.length);
    assert.equal(counted.cut + other.cut, 0);
    for (const { server, carrier } of [a, b]) {
      assert.equal(await promisify(server.getConnections.bind(server))(), carrier.open);
    }
    for (const { socket, seen } of peers) {
      assert.equal(seen.closed, false);
      socket.destroy();
    }
    await until("both sides are empty", () => a.carrier.open + b.carrier.open === 0);
    await stop(...sides.splice(0));
    await until("all sockets are closed", () => countSockets() <= socketsBefore);
  });
}

test("what a client does not read yet reaches it whole over many moves", async () => {
  const digest = createHash("sha256");
  let total = 0;
  let written = 0;
  const send = (socket: Socket, chunk: Buffer | string) => {
    digest.update(chunk);
    total += Buffer.byteLength(chunk);
    socket.write(chunk, (error) => {
      if (!error) written++;
    });
  };
  let calls = 0;
  const hooks: TcpHooks = {
    save: () => ++calls,
    restore(socket) {
      send(socket, randomBytes(3_000_000));
      send(socket, "größe€".repeat(100_000));
      for (let chunk = 0; chunk < 50; chunk++) send(socket, chunk % 2 ? randomBytes(777) : `text ${chunk}`);
    },
  };
  const a = await start(hooks);
  const b = await start(hooks);
  const { socket, received } = await dial(a.port);
  socket.pause();
  await until("the connection is accepted", () => a.carrier.open === 1);
  for (let round = 0; round < 6; round++) {
    const [from, to] = round % 2 === 0 ? [a, b] : [b, a];
    assert.equal(await move(from.carrier, to.carrier), 1);
    socket.resume();
    const before = received().length;
    await until("the client has read on", () => received().length > before + 100_000);
    socket.pause();
  }
  socket.resume();
  await until("everything has come", () => received().length >= total);
  assert.equal(received().length, total);
  assert.equal(createHash("sha256").update(received()).digest("hex"), digest.digest("hex"));
  await until("each write was called back as written", () => written === 7 * 52);
});

test("what is written from a write's callback after save is refused, not sent beside the new side", async () => {
  const refused: Error[] = [];
  const block = 1_000_000;
  const hooks: TcpHooks = {
    save: (socket) => sent.get(socket),
    restore(socket, saved) {
      sent.set(socket, Number(saved ?? 0));
      const pump = (error?: Error | null) => {
        if (error) refused.push(error);
        const next = sent.get(socket) ?? 0;
        if (error || next === 30) return;
        sent.set(socket, next + 1);
        socket.write(Buffer.alloc(block, next), pump);
      };
      pump();
    },
  };
  const sent = new WeakMap<Socket, number>();
  const a = await start(hooks);
  const b = await start(hooks);
  const { socket, received } = await dial(a.port);
  await until("the connection is accepted", () => a.carrier.open === 1);
  for (let round = 0; round < 8; round++) {
    socket.pause();
    await delay(3);
    const [from, to] = round % 2 === 0 ? [a, b] : [b, a];
    await move(from.carrier, to.carrier);
    socket.resume();
    await nextTurn();
  }
  await until("everything has come", () => received().length >= 30 * block);
  await delay(20);
  assert.equal(received().length, 30 * block);
  for (let index = 0; index < 30; index++) assert.equal(received()[index * block + block / 2], index);
  assert.ok(refused.length > 0);
});

test("a connection that the client has ended is still answered after a move, and then closed", async () => {
  let current: Socket | undefined;
  let ends = 0;
  const hooks: TcpHooks = {
    save: () => null,
    restore(socket) {
      current = socket;
      socket.on("end", () => ends++);
      socket.resume();
    },
  };
  const a = await start(hooks, true);
  const b = await start(hooks, true);
  const { socket, received, seen } = await dial(a.port, true);
  socket.end("last words");
  await until("the server has seen the end", () => ends === 1);
  await moveAll(a.carrier, b.carrier);
  await moveAll(b.carrier, a.carrier);
  current?.end("an answer");
  await until("the client has seen the end", () => seen.ended);
  assert.equal(received().toString(), "an answer");
  assert.equal(ends, 1);
  await until("the connection is gone", () => a.carrier.open + b.carrier.open === 0);
});

test("a connection that the server has ended still takes what the client sends, and no FIN is lost", async () => {
  let heard = "";
  const hooks: TcpHooks = {
    save: () => null,
    restore(socket, saved) {
      socket.on("data", (data) => {
        heard += data;
      });
      if (saved === undefined) socket.end("nothing more from here");
    },
  };
  const a = await start(hooks, true);
  const b = await start(hooks, true);
  const { socket, received, seen } = await dial(a.port, true);
  await until("it is accepted", () => a.carrier.open === 1);
  for (let round = 0; round < 4; round++) {
    const [from, to] = round % 2 === 0 ? [a, b] : [b, a];
    await moveAll(from.carrier, to.carrier);
    socket.write(`part ${round},`);
    await until("the part has come", () => heard.endsWith(`part ${round},`));
  }
  await until("the client has seen the end", () => seen.ended);
  assert.equal(received().toString(), "nothing more from here");
  socket.end();
  await until("the connection is gone", () => a.carrier.open + b.carrier.open === 0);
  assert.equal(heard, "part 0,part 1,part 2,part 3,");
});

test("a connection ended both ways delivers its unsent output after a move", async () => {
  const body = randomBytes(6_000_000);
  const hooks: TcpHooks = {
    save: () => true,
    restore(socket, saved) {
      socket.resume();
      if (saved === undefined) socket.end(body);
    },
  };
  const a = await start(hooks);
  const b = await start(hooks);
  const { socket, received, seen } = await dial(a.port, true);
  socket.pause();
  socket.end("bye");
  await until("it is accepted", () => a.carrier.open === 1);
  await delay(20);
  await moveAll(a.carrier, b.carrier);
  socket.resume();
  await until("the client has seen the end", () => seen.ended);
  assert.ok(received().equals(body));
  await until("the connection is gone", () => b.carrier.open === 0);
});

test("bytes that a paused socket has not looked at travel with it", async () => {
  let heard = "";
  const hooks: TcpHooks = {
    save: (socket) => socket.isPaused(),
    restore(socket, saved) {
      socket.on("data", (data) => {
        heard += data;
      });
      if (saved === undefined) socket.pause();
    },
  };
  const a = await start(hooks);
  const b = await start(hooks);
  const { socket } = await dial(a.port);
  socket.write("unread");
  await until("the bytes are in the server's buffer", () => a.carrier.open === 1);
  await delay(10);
  const [frozen] = a.carrier.freeze(1);
  assert.ok(frozen);
  assert.equal(frozen.input.toString(), "unread");
  assert.equal(frozen.meta["saved"], true);
  socket.write(", and later");
  b.carrier.adopt(travel(frozen));
  await until("all is heard", () => heard === "unread, and later");
});

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
