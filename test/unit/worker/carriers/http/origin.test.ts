import assert from "node:assert/strict";
import type { Server } from "node:http";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { findServer } from "../../../../../src/worker/moving-connections/adopt-connections.js";
import { DEADLINE_MS, waitUntil } from "../../../../harness/container/wait-until.js";
import { deadline } from "./deadline.js";
import { moveNow, Pair, type Side } from "./pair.js";
import { get, RawClient } from "./raw-client.js";

/** Reads a line before anybody else, as wrappers for the PROXY protocol do. */
function readLineFirst(take: (socket: Socket) => void): (socket: Socket) => void {
  return (socket) => {
    socket.once("readable", () => {
      const bytes: Buffer | null = socket.read();
      const end = bytes?.indexOf("\r\n") ?? -1;
      if (bytes === null || end < 0) throw new Error(`no line but ${bytes}`);
      socket.unshift(bytes.subarray(end + 2));
      take(socket);
    });
  };
}

const wrappers: Readonly<Record<string, (server: Server) => void>> = {
  "in the place of Node's listener": (server) => {
    const listeners = server.listeners("connection");
    server.removeAllListeners("connection");
    server.on(
      "connection",
      readLineFirst((socket) => {
        for (const listener of listeners) Reflect.apply(listener, server, [socket]);
      }),
    );
  },
  "in the place of `emit`": (server) => {
    const { emit } = server;
    const read = readLineFirst((socket) => void Reflect.apply(emit, server, ["connection", socket]));
    Reflect.set(server, "emit", (event: string, ...args: readonly Socket[]) => {
      const [socket] = args;
      if (event !== "connection" || socket === undefined)
        return Reflect.apply(emit, server, [event, ...args]);
      read(socket);
      return true;
    });
  },
};

/** Answered by `side`, and closed with that. */
async function expectClose(client: RawClient, side: Side): Promise<void> {
  const { headers } = await client.get("/last");
  assert.deepEqual([headers.get("x-side"), headers.get("connection")], [side.name, "close"]);
  await client.end();
}

for (const [where, wrap] of Object.entries(wrappers)) {
  test(`with a wrapper that reads first ${where} nothing moves, and clients are told to close`, async () => {
    await using pair = await Pair.open();
    for (const { server } of [pair.a, pair.b]) wrap(server);
    const client = await pair.connect();
    client.send(`PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n${get("/")}`);
    await client.response();
    await pair.begin(pair.a, pair.b);
    assert.deepEqual(moveNow(pair.a, pair.b), []);
    await expectClose(client, pair.a);
    await waitUntil("it is gone", DEADLINE_MS, () => pair.a.carrier.open === 0);
    assert.deepEqual([pair.a.carrier.counters.moved, pair.b.carrier.counters.adopted], [0, 0]);
  });

  test(`a worker with a wrapper that reads first ${where} takes no connection from one without`, async () => {
    await using pair = await Pair.open();
    wrap(pair.b.server);
    const served = [{ listener: "http", server: pair.b.server, carrier: pair.b.carrier }];
    await (await pair.connect()).get("/");
    const [frozen] = pair.a.carrier.freeze(1);
    assert.ok(frozen);
    assert.equal(findServer(served, { kind: "http", listener: "http", frozen }), undefined);
    pair.a.carrier.adopt(frozen);
  });
}

/** A server that gives what it accepts to `to`, as those do that look at the first byte. */
async function startSniffer({
  server,
}: Side): Promise<{ readonly port: number; readonly close: () => void }> {
  const sniffer = createServer((socket) => {
    socket.once("readable", () => {
      socket.unshift(socket.read());
      server.emit("connection", socket);
    });
  });
  await deadline("to listen", new Promise<void>((resolve) => sniffer.listen(0, "127.0.0.1", resolve)));
  const address = sniffer.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { port: address.port, close: () => sniffer.close() };
}

test("a connection that another server accepted stays and is told to close, while the server's own move", async () => {
  await using pair = await Pair.open();
  const sniffer = await startSniffer(pair.a);
  const [elsewhere, own] = [await RawClient.connect(sniffer.port), await pair.connect()];
  for (const client of [elsewhere, own]) {
    assert.equal((await client.get("/")).headers.get("connection"), "keep-alive");
  }
  await pair.begin(pair.a, pair.b);
  await waitUntil("the own one has moved", DEADLINE_MS, () => pair.b.carrier.open === 1);
  assert.equal((await own.get("/")).headers.get("x-side"), "b");
  await expectClose(elsewhere, pair.a);
  sniffer.close();
});

test("with anyOrigin a connection that another server accepted moves", async () => {
  await using pair = await Pair.open(undefined, {}, { anyOrigin: true });
  const sniffer = await startSniffer(pair.a);
  const client = await RawClient.connect(sniffer.port);
  await client.get("/");
  await pair.upgrade(pair.a, pair.b);
  assert.equal((await client.get("/")).headers.get("x-side"), "b");
  client.close();
  sniffer.close();
});
