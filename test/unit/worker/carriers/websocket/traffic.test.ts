import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, beforeEach, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { WebSocket } from "ws";
import { countSockets, until } from "../tcp/rig.js";
import { echo, shuttle } from "./echo.js";
import { dial, frame, readFrames, type Side, startSide, stop } from "./rig.js";

let running = true;
const cleanups: (() => void)[] = [];
const sides: Side[] = [];

beforeEach(() => {
  running = true;
});

afterEach(async () => {
  running = false;
  for (const clean of cleanups.splice(0)) clean();
  await stop(...sides.splice(0));
});

async function start(...args: Parameters<typeof startSide>): Promise<Side> {
  const side = await startSide(...args);
  sides.push(side);
  return side;
}

async function talk(port: number, name: string): Promise<WebSocket> {
  const { ws, messages, seen } = await dial(port, `/${name}`);
  cleanups.push(() => ws.terminate());
  const sent: string[] = [];
  for (let turn = 0; running; turn++) {
    for (let burst = 0; burst <= turn % 3; burst++) {
      const text = `${name}-${sent.length}-${"z".repeat(turn % 11 === 0 ? (turn * 1_777) % 70_000 : turn % 50)}`;
      sent.push(text);
      ws.send(text);
    }
    await nextTurn();
  }
  const isEcho = (message: string) => message.startsWith('{"echo"');
  await until("every message is echoed", () => messages.filter(isEcho).length >= sent.length);
  const expected = sent.map((text, index) => ({ echo: text, count: index + 1, url: `/${name}` }));
  assert.deepEqual(
    messages.filter(isEcho).map((message) => JSON.parse(message)),
    expected,
  );
  const ticks = messages.filter((message) => !isEcho(message)).map((message) => JSON.parse(message).tick);
  assert.deepEqual(
    ticks,
    ticks.map((_, index) => index + 1),
  );
  assert.ok(ticks.length > 100);
  assert.equal(seen.code, undefined);
  return ws;
}

test("messages and timers keep their order and their state both ways over hundreds of moves", async () => {
  const socketsBefore = countSockets();
  const closes: string[] = [];
  const a = await start(echo(closes));
  const b = await start(echo(closes));
  const names = ["anna", "bert", "cleo", "dora", "emil", "fred"];
  const talking = names.map((name) => talk(a.port, name));
  await until("all are connected", () => a.wss.clients.size === names.length);
  const moved = await shuttle(a, b, 400, names.length);
  running = false;
  const sockets = await Promise.all(talking);
  assert.ok(moved > 1_000, `${moved} moves`);
  assert.equal(a.connections() + b.connections(), names.length);
  assert.deepEqual(closes, []);
  const [here, there] = [a.carrier.counters, b.carrier.counters];
  assert.deepEqual(
    [here.moved + there.moved, here.adopted + there.adopted, here.cut + there.cut],
    [moved, moved, 0],
  );
  for (const ws of sockets) ws.terminate();
  await until("no client is left", () => a.wss.clients.size + b.wss.clients.size === 0);
  assert.deepEqual(
    closes.sort(),
    names.map((name) => `/${name}`),
  );
  await stop(...sides.splice(0));
  await until("all sockets are closed", () => countSockets() <= socketsBefore);
});

async function openRaw(port: number) {
  const socket = connect(port, "127.0.0.1");
  const key = randomBytes(16).toString("base64");
  cleanups.push(() => socket.destroy());
  socket.setNoDelay(true);
  socket.write(
    `GET /raw HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  );
  let bytes = Buffer.alloc(0);
  let closed = false;
  socket.on("data", (data: Buffer) => {
    bytes = Buffer.concat([bytes, data]);
  });
  socket.on("close", () => {
    closed = true;
  });
  await once(socket, "data");
  const body = () => bytes.subarray(bytes.indexOf("\r\n\r\n") + 4);
  return { socket, frames: () => readFrames(body()), isClosed: () => closed };
}

test("a connection can move between any two bytes of its frames and fragments", async () => {
  const closes: string[] = [];
  const a = await start(echo(closes));
  const b = await start(echo(closes));
  const raw = await openRaw(a.port);
  await until("it is connected", () => a.wss.clients.size === 1);
  const mask = Buffer.from([0x5a, 0, 0xc3, 0x11]);
  const payload = (length: number) =>
    Buffer.from(Array.from({ length }, (_, index) => (index * 31 + length) & 255));
  const ping = frame(true, 9, Buffer.from("hb"), mask);
  const whole = [0, 1, 125, 126, 300].map((length) => frame(true, 2, payload(length), mask));
  const fragmented = [
    [frame(false, 2, payload(3), mask), ping, frame(true, 0, payload(4), mask)],
    [frame(false, 2, payload(0), mask), frame(false, 0, payload(0), mask), frame(true, 0, payload(5), mask)],
    [
      frame(false, 2, payload(6), mask),
      frame(false, 0, payload(0), mask),
      ping,
      frame(true, 0, payload(0), mask),
    ],
    [frame(false, 2, payload(0), mask), frame(true, 0, payload(0), mask)],
    [
      frame(false, 2, payload(130), mask),
      frame(false, 0, payload(7), mask),
      frame(true, 0, payload(127), mask),
    ],
  ];
  const bytes = Buffer.concat([...whole, ...fragmented.flat()]);
  const carried = new Set<number>();
  let [from, to] = [a, b];
  for (const byte of bytes) {
    raw.socket.write(Buffer.from([byte]));
    await nextTurn();
    const [frozen] = from.carrier.freeze(1);
    if (frozen === undefined) continue;
    carried.add(frozen.input.length);
    to.carrier.adopt(frozen);
    [from, to] = [to, from];
  }
  const binary = () => raw.frames().filter(({ opcode }) => opcode === 2);
  await until("every message is echoed", () => binary().length === whole.length + fragmented.length);
  const expected = [
    ...[0, 1, 125, 126, 300].map(payload),
    ...[[3, 4], [5], [6], [], [130, 7, 127]].map((parts) => Buffer.concat(parts.map(payload))),
  ];
  assert.deepEqual(
    binary().map(({ payload: echoed }) => echoed.toString("hex")),
    expected.map((one) => one.toString("hex")),
  );
  await until(
    "both pings are answered",
    () => raw.frames().filter(({ opcode }) => opcode === 10).length === 2,
  );
  assert.equal(raw.isClosed(), false);
  assert.ok(carried.size > 100, "the cuts fell into many places");
});

for (const allowSynchronousEvents of [true, false]) {
  const when = allowSynchronousEvents ? "at once" : "one a turn";
  test(`frames of every size survive moves in their midst, fragmented at random (events ${when})`, async () => {
    const a = await start(echo([]), { allowSynchronousEvents });
    const b = await start(echo([]), { allowSynchronousEvents });
    const dribble = async (index: number) => {
      const raw = await openRaw(a.port);
      const sent: Buffer[] = [];
      const random = (below: number) => randomBytes(4).readUInt32LE(0) % below;
      const send = async (bytes: Buffer) => {
        for (let at = 0; at < bytes.length; ) {
          const size = bytes.length > 1_000 ? 1 + random(bytes.length) : 1 + random(8);
          raw.socket.write(bytes.subarray(at, at + size));
          at += size;
          if (random(2) === 0) await nextTurn();
        }
      };
      for (let turn = index; running; turn++) {
        const payload = randomBytes([0, 1, 125, 126, 300, 65_535, 65_536, 90_000][turn % 8] ?? 0);
        sent.push(payload);
        const cuts = Array.from({ length: random(4) }, () => random(payload.length + 1)).sort(
          (x, y) => x - y,
        );
        const edges = [0, ...cuts, payload.length];
        for (let part = 1; part < edges.length; part++) {
          const piece = payload.subarray(edges[part - 1], edges[part]);
          await send(frame(part === edges.length - 1, part === 1 ? 2 : 0, piece, randomBytes(4)));
          if (random(3) === 0) await send(frame(true, 9, Buffer.from("hb"), randomBytes(4)));
        }
      }
      const binary = () => raw.frames().filter(({ opcode }) => opcode === 2);
      await until("every message is echoed", () => binary().length >= sent.length);
      assert.ok(sent.length > 5);
      assert.equal(binary().length, sent.length);
      for (const [at, { payload }] of binary().entries())
        assert.ok(sent[at]?.equals(payload), `message ${at}`);
      assert.equal(raw.isClosed(), false);
    };
    const dribbling = Array.from({ length: 4 }, (_, index) => dribble(index));
    await until("all are connected", () => a.wss.clients.size === dribbling.length);
    const moved = await shuttle(a, b, 600, dribbling.length);
    running = false;
    await Promise.all(dribbling);
    assert.ok(moved > 500, `${moved} moves`);
  });
}

test("a message of many megabytes moves half read and half answered", async () => {
  const a = await start(echo([]), { maxPayload: 50_000_000 });
  const b = await start(echo([]), { maxPayload: 50_000_000 });
  const ws = new WebSocket(`ws://127.0.0.1:${a.port}/big`, { perMessageDeflate: false });
  let echoed: Buffer | undefined;
  ws.on("message", (data, isBinary) => {
    if (isBinary && Buffer.isBuffer(data)) echoed = data;
  });
  cleanups.push(() => ws.terminate());
  await once(ws, "open");
  const payload = randomBytes(20_000_000);
  ws.send(payload);
  let moved = 0;
  let carriedIn = 0;
  let carriedOut = 0;
  // Not a number of turns: thousands of them pass while the kernel waits for a retransmission.
  const endsAt = performance.now() + 20_000;
  for (let round = 0; echoed === undefined; round++) {
    assert.ok(performance.now() < endsAt, "it is not echoed");
    const [from, to] = moved % 2 === 0 ? [a, b] : [b, a];
    await nextTurn();
    if (round % 5 > 0 || moved > 40) continue;
    for (const frozen of from.carrier.freeze(1)) {
      moved++;
      carriedIn += frozen.input.length;
      carriedOut += frozen.output.length;
      to.carrier.adopt(frozen);
    }
  }
  assert.ok(echoed.equals(payload));
  assert.ok(
    moved > 3 && carriedIn > 0 && carriedOut > 0,
    `${moved} moves, ${carriedIn} in, ${carriedOut} out`,
  );
});
