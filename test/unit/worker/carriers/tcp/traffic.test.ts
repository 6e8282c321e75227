import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { test } from "node:test";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import { promisify } from "node:util";
import type { TcpHooks } from "../../../../../src/worker/carriers/tcp/tcp-carrier.js";
import { countLines } from "./count-lines.js";
import { countSockets, move, moveAll, partners, stop, travel, until } from "./rig.js";

const { sides, start, dial } = partners();

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
  let unread = () => 0;
  const hooks: TcpHooks = {
    save: (socket) => socket.isPaused(),
    restore(socket, saved) {
      unread = () => socket.readableLength;
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
  await until("the bytes are in the server's buffer", () => unread() === "unread".length);
  const [frozen] = a.carrier.freeze(1);
  assert.ok(frozen);
  assert.equal(frozen.input.toString(), "unread");
  assert.equal(frozen.meta["saved"], true);
  socket.write(", and later");
  b.carrier.adopt(travel(frozen));
  await until("all is heard", () => heard === "unread, and later");
});
