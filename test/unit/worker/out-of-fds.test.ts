import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { afterEach, test } from "node:test";
import { closeFd, duplicateFd } from "../../../src/linux/fd.js";
import type { Carrier } from "../../../src/worker/carriers/carrier.js";
import { createHttpCarrier } from "../../../src/worker/carriers/http/http-carrier.js";
import { stopAccepting } from "../../../src/worker/node-internals/listening-handle.js";
import { RawClient } from "./carriers/http/raw-client.js";
import { connect as connectTcp, listen, startSide as startTcp, until } from "./carriers/tcp/rig.js";
import { dial as dialWebSocket, startSide as startWebSockets } from "./carriers/websocket/rig.js";

const count = 3;

/** What `call` returns while this process cannot open anything. */
function withoutFds<T>(call: () => T): T {
  const spare: number[] = [];
  try {
    for (;;) spare.push(duplicateFd(0));
  } catch {
    // EMFILE.
  }
  try {
    return call();
  } finally {
    for (const fd of spare) closeFd(fd);
  }
}

/** A server with connections, whose use shows that each still answers. */
interface Used {
  readonly carrier: Carrier;
  readonly use: () => Promise<void>;
  readonly reports: () => string[];
  readonly end: () => void;
}

async function http(): Promise<Used> {
  const server = createServer((_request, response) => response.end("here"));
  const carrier = createHttpCarrier(server);
  const port = await listen(server);
  const clients = await Promise.all(Array.from({ length: count }, () => RawClient.connect(port)));
  const use = async (): Promise<void> => {
    for (const client of clients) {
      client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
      assert.equal((await client.response()).body, "here");
    }
  };
  const end = (): void => {
    for (const { socket } of clients) socket.destroy();
    server.close();
  };
  return { carrier, use, end, reports: () => [] };
}

async function tcp(): Promise<Used> {
  const side = await startTcp({
    save: () => null,
    restore: (socket) => void socket.on("data", (bytes) => socket.write(bytes)),
  });
  const clients = await Promise.all(Array.from({ length: count }, () => connectTcp(side.port)));
  const use = async (): Promise<void> => {
    for (const { socket } of clients) {
      socket.write("here");
      await once(socket, "data", { signal: AbortSignal.timeout(20_000) });
    }
  };
  const end = (): void => {
    for (const { socket } of clients) socket.destroy();
    side.server.close();
  };
  return { carrier: side.carrier, use, end, reports: () => side.reports.map(({ reason }) => reason) };
}

async function webSockets(): Promise<Used> {
  const side = await startWebSockets({
    save: () => null,
    restore: (ws) => void ws.on("message", (data) => ws.send(String(data))),
  });
  const clients = await Promise.all(Array.from({ length: count }, () => dialWebSocket(side.port)));
  const use = async (): Promise<void> => {
    for (const { ws } of clients) {
      ws.send("here");
      await once(ws, "message", { signal: AbortSignal.timeout(20_000) });
    }
  };
  const end = (): void => {
    for (const { ws } of clients) ws.terminate();
    side.server.close();
  };
  return { carrier: side.carrier, use, end, reports: () => side.reports.map(({ reason }) => reason) };
}

let ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends) end();
  ends = [];
});

for (const [name, start, reported] of [
  ["http", http, []],
  ["tcp", tcp, ["no-descriptor"]],
  ["ws", webSockets, ["no-descriptor"]],
] as const) {
  test(`${name}: out of descriptors (EMFILE) connections stay in use, and move when there are some`, async () => {
    const { carrier, use, reports, end } = await start();
    ends.push(end);
    await use();
    await until("all are at rest", () => carrier.open === count);
    // Twice, for it is told once.
    for (let round = 0; round < 2; round += 1) {
      assert.deepEqual(
        withoutFds(() => carrier.freeze(count)),
        [],
      );
      await use();
    }
    assert.deepEqual(reports(), reported);
    assert.deepEqual([carrier.open, carrier.counters.moved], [count, 0]);
    await new Promise(setImmediate);
    const frozen = carrier.freeze(count);
    for (const { fd } of frozen) closeFd(fd);
    assert.deepEqual([frozen.length, carrier.open], [count, 0]);
  });
}

test("a worker that is out of fds and has accepted its share accepts on: nothing is thrown at the app", async (t) => {
  const server = createServer((_request, response) => response.end("here"));
  t.after(() => server.close());
  const port = await listen(server);
  assert.equal(
    withoutFds(() => stopAccepting(server)),
    false,
  );
  const client = await RawClient.connect(port);
  client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
  assert.equal((await client.response()).body, "here");
  client.socket.destroy();
});
