import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, createServer as createTlsServer } from "node:https";
import { test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { closeFd } from "../../../../../src/linux/fd.js";
import type { Counters } from "../../../../../src/worker/carriers/carrier.js";
import { createHttpCarrier } from "../../../../../src/worker/carriers/http/http-carrier.js";
import { notYet } from "../../../../../src/worker/carriers/socket/ask-to-save.js";
import { createWebSocketCarrier } from "../../../../../src/worker/carriers/websocket/websocket-carrier.js";
import type { WebSocketHooks } from "../../../../../src/worker/carriers/websocket/websocket-hooks.js";
import { checkWebSocketInternals } from "../../../../../src/worker/carriers/websocket/ws-internals.js";
import { countSockets, listen, move, moveAll, until } from "../tcp/rig.js";
import { partners, stop } from "./rig.js";

const { sides, clients, start, dial } = partners();

const echo: WebSocketHooks<WebSocket> = {
  save: () => undefined,
  restore: (ws) => void ws.on("message", (data) => ws.send(String(data))),
};

test("with permessage-deflate a WebSocket is closed with 1012 after all that was sent, and counted", async () => {
  const hooks: WebSocketHooks<WebSocket> = {
    save: () => null,
    restore(ws) {
      for (let burst = 0; burst < 50; burst++) ws.send(`${burst}`.padEnd(5_000, "x"));
    },
  };
  const a = await start(hooks, { perMessageDeflate: { threshold: 0 } });
  const { messages, seen } = await dial(a.port, "/", { perMessageDeflate: true });
  const plain = await dial(a.port);
  await until("both are accepted", () => a.wss.clients.size === 2);
  assert.equal(a.carrier.freeze(0).length, 0);
  a.carrier.beginDrain();
  await until("it is closed", () => seen.code !== undefined);
  assert.equal(seen.code, 1012);
  assert.deepEqual(
    messages.map(Number.parseFloat),
    Array.from({ length: 50 }, (_, index) => index),
  );
  assert.equal(plain.seen.code, undefined);
  assert.deepEqual([a.carrier.counters.cut, a.carrier.open], [1, 1]);
});

test("a WebSocket on TLS is closed with 1012 when draining begins", async () => {
  const psk = Buffer.from("0123456789abcdef");
  const tls = { ciphers: "PSK", maxVersion: "TLSv1.2" } as const;
  const server = createTlsServer({ ...tls, pskCallback: () => psk });
  const wss = new WebSocketServer({ server });
  const carrier = createWebSocketCarrier(wss, echo, () => {});
  const url = `wss://127.0.0.1:${await listen(server)}`;
  const agent = new Agent({
    ...tls,
    pskCallback: () => ({ psk, identity: "test" }),
    checkServerIdentity: () => undefined,
  });
  const client = new WebSocket(url, { agent, perMessageDeflate: false });
  clients.push(client);
  await once(client, "open");
  assert.deepEqual(carrier.freeze(1), []);
  carrier.beginDrain();
  const [code] = await once(client, "close");
  assert.equal(code, 1012);
  assert.equal(carrier.counters.cut, 1);
  await until("none is left", () => carrier.open === 0);
  server.close();
});

const failing: readonly [string, () => unknown][] = [
  ["throws", () => assert.fail("no way")],
  ["returns what JSON loses", () => ({ rooms: new Set() })],
];
for (const [what, save] of failing) {
  test(`WebSockets whose save ${what} are closed with 1012, counted, and reported once`, async () => {
    const [a, b] = [await start({ ...echo, save }), await start(echo)];
    const [one, two] = [await dial(a.port), await dial(a.port)];
    await until("both are accepted", () => a.carrier.open === 2);
    assert.equal(await move(a.carrier, b.carrier), 0);
    await until("both are closed", () => [one, two].every(({ seen }) => seen.code === 1012));
    await until("both are gone", () => a.carrier.open === 0);
    assert.equal(a.carrier.counters.cut, 2);
    assert.deepEqual(
      a.reports.map(({ reason }) => reason),
      ["save-failed"],
    );
  });
}

test("a WebSocket that restore refuses is closed with 1012, counted, and not leaked", async () => {
  const heard: string[] = [];
  const refusing: WebSocketHooks<WebSocket> = {
    save: () => null,
    restore(ws) {
      ws.on("message", (data) => heard.push(String(data)));
      throw new Error("unknown version");
    },
  };
  const sockets = countSockets();
  const a = await start(echo);
  const b = await start(refusing);
  const { ws, seen } = await dial(a.port);
  await until("it is accepted", () => a.carrier.open === 1);
  ws.send("in the middle of it");
  await assert.rejects(move(a.carrier, b.carrier), { code: "restore-failed", message: /unknown version/ });
  await until("it is closed", () => seen.code !== undefined);
  assert.equal(seen.code, 1012);
  await until("it is gone", () => b.carrier.open === 0);
  assert.deepEqual([b.carrier.counters.cut, b.carrier.counters.adopted], [1, 0]);
  assert.deepEqual(heard, []);
  await stop(...sides.splice(0));
  await until("all sockets are closed", () => countSockets() <= sockets);
});

test("a moved WebSocket without its request is refused and its fd closed", async () => {
  const [a, b] = [await start(echo), await start(echo)];
  const { seen } = await dial(a.port);
  await until("it is accepted", () => a.carrier.open === 1);
  const [frozen] = a.carrier.freeze(1);
  assert.ok(frozen);
  const meta = { ...frozen.meta, headers: { host: 7 } };
  assert.throws(() => b.carrier.adopt({ ...frozen, meta }), { code: "bad-meta" });
  await until("the client sees the close", () => seen.code === 1006);
});

test("nginx, the shutdown timeout of upgraded connections: what is left at the deadline is closed with 1012 and counted once", async () => {
  const a = await start({ ...echo, save: () => notYet }, { perMessageDeflate: true });
  const { seen } = await dial(a.port);
  const deflated = await dial(a.port, "/", { perMessageDeflate: true });
  await until("both are accepted", () => a.carrier.open === 2);
  a.carrier.beginDrain();
  a.carrier.cut();
  await until("both are closed", () => seen.code === 1012 && deflated.seen.code === 1012);
  await until("none is left", () => a.carrier.open === 0);
  assert.equal(a.carrier.counters.cut, 2);
});

test("the ws package at hand has what moving needs", () => {
  assert.equal(checkWebSocketInternals(new WebSocketServer({ noServer: true })), undefined);
});

test("a derived WebSocket class is checked without making one, and moved as itself", async () => {
  let made = 0;
  class Session extends WebSocket {
    readonly number = ++made;
  }
  const [a, b] = [await start(echo, { WebSocket: Session }), await start(echo, { WebSocket: Session })];
  assert.equal(made, 0);
  await dial(a.port);
  await moveAll(a.carrier, b.carrier);
  assert.ok([...b.wss.clients][0] instanceof Session);
});

test("where the package looks different, WebSockets are closed with 1012 and it is said once", async () => {
  class Changed extends WebSocket {
    setSocket(): void {
      throw new Error("not for you");
    }
  }
  const check = checkWebSocketInternals(new WebSocketServer({ noServer: true, WebSocket: Changed }));
  assert.match(check ?? "", /not for you/);
  const untracked = checkWebSocketInternals(new WebSocketServer({ noServer: true, clientTracking: false }));
  assert.match(untracked ?? "", /clientTracking/);

  const a = await start(echo);
  const { seen } = await dial(a.port);
  await until("it is accepted", () => a.carrier.open === 1);
  const reports: string[] = [];
  const options = a.wss.options;
  a.wss.options = { ...options, WebSocket: Changed };
  const carrier = createWebSocketCarrier(a.wss, echo, ({ reason }) => reports.push(reason));
  a.wss.options = options;
  assert.deepEqual(reports, ["websocket-immovable"]);
  assert.deepEqual(carrier.freeze(10), []);
  assert.equal(seen.code, undefined);
  carrier.beginDrain();
  await until("it is closed", () => seen.code === 1012);
});

test("a connection that became a WebSocket is accepted once, and is moved, finished or cut once", async () => {
  const a = await start(echo);
  const http = createHttpCarrier(a.server);
  a.wss.on("headers", (_headers, { socket }) => http.release(socket));
  const [early, moving, leaving, left] = [
    await dial(a.port),
    await dial(a.port),
    await dial(a.port),
    await dial(a.port),
  ];
  early.ws.close();
  await until("one has ended before the drain", () => a.carrier.open === 3);
  for (const carrier of [http, a.carrier]) carrier.beginDrain();
  const [frozen] = a.carrier.freeze(1);
  assert.ok(frozen !== undefined);
  closeFd(frozen.fd);
  leaving.ws.close();
  await until("one has ended in the drain", () => a.carrier.open === 1);
  a.carrier.cut();
  await until("the last one is cut", () => a.carrier.open === 0 && left.seen.code !== undefined);
  await until("its frozen end is closed", () => moving.seen.code !== undefined);
  const sum = (key: keyof Counters) => http.counters[key] + a.carrier.counters[key];
  assert.deepEqual(
    (["accepted", "requests", "moved", "finished", "cut", "open"] as const).map(sum),
    [4, 4, 1, 1, 1, 0],
  );
});
