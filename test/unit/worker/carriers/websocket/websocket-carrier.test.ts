import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, createServer as createTlsServer } from "node:https";
import { Socket } from "node:net";
import { afterEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { WebSocket, WebSocketServer } from "ws";
import { closeFd } from "../../../../../src/linux/fd.js";
import type { Counters, Frozen } from "../../../../../src/worker/carriers/carrier.js";
import { createHttpCarrier } from "../../../../../src/worker/carriers/http/http-carrier.js";
import { notYet } from "../../../../../src/worker/carriers/socket/ask-to-save.js";
import { createWebSocketCarrier } from "../../../../../src/worker/carriers/websocket/websocket-carrier.js";
import type { WebSocketHooks } from "../../../../../src/worker/carriers/websocket/websocket-hooks.js";
import { checkWebSocketInternals } from "../../../../../src/worker/carriers/websocket/ws-internals.js";
import { countSockets, listen, move, moveAll, travel, until } from "../tcp/rig.js";
import { dial as dialAny, frame, type Side, startSide, stop } from "./rig.js";

const sides: Side[] = [];
const clients: WebSocket[] = [];

async function start(...args: Parameters<typeof startSide>): Promise<Side> {
  const side = await startSide(...args);
  sides.push(side);
  return side;
}

async function dial(...args: Parameters<typeof dialAny>) {
  const client = await dialAny(...args);
  clients.push(client.ws);
  return client;
}

afterEach(async () => {
  for (const ws of clients.splice(0)) ws.terminate();
  await stop(...sides.splice(0));
});

const echo: WebSocketHooks<WebSocket> = {
  save: () => undefined,
  restore: (ws) => void ws.on("message", (data) => ws.send(String(data))),
};

test("restore is given what save returned, the protocol and the request, also at the second move", async () => {
  const seen: unknown[] = [];
  const hooks: WebSocketHooks<WebSocket> = {
    save: (ws, request) => ({ user: request.headers["x-user"], protocol: ws.protocol, dropped: undefined }),
    restore(ws, saved, request) {
      const { remoteAddress } = request.socket;
      seen.push({ saved, protocol: ws.protocol, method: request.method, url: request.url, remoteAddress });
    },
  };
  const [a, b] = [await start(hooks), await start(hooks)];
  await dial(a.port, "/room?x=1", { headers: { "x-user": "anna" } });
  await moveAll(a.carrier, b.carrier);
  await moveAll(b.carrier, a.carrier);
  const request = { protocol: "chat", method: "GET", url: "/room?x=1", remoteAddress: "127.0.0.1" };
  const saved = { user: "anna", protocol: "chat" };
  assert.deepEqual(seen, [
    { saved: undefined, ...request },
    { saved, ...request },
    { saved, ...request },
  ]);
});

test("the old object is closed for the app, without a close event, and the new one is not announced", async () => {
  const here: WebSocket[] = [];
  let closes = 0;
  const hooks: WebSocketHooks<WebSocket> = {
    save: () => null,
    restore(ws) {
      here.push(ws);
      ws.on("close", () => closes++);
    },
  };
  const [a, b] = [await start(hooks), await start(hooks)];
  const { messages, seen } = await dial(a.port);
  await moveAll(a.carrier, b.carrier);
  const [old, fresh] = here;
  assert.equal(old?.readyState, WebSocket.CLOSED);
  const [error] = await new Promise<unknown[]>((resolve) => old?.send("lost", (...args) => resolve(args)));
  assert.match(String(error), /not open/);
  old?.close();
  old?.terminate();
  fresh?.send("found");
  await until("the message has come", () => messages.length > 0);
  assert.deepEqual(messages, ["found"]);
  assert.deepEqual([closes, a.connections(), b.connections(), seen.code], [0, 1, 0, undefined]);
  assert.deepEqual([a.wss.clients.size, [...b.wss.clients]], [0, [fresh]]);
});

test("frames that a client does not read yet move with it, those sent in save among them", async () => {
  let sent = 0;
  const send = (ws: WebSocket) => ws.send(`${sent++}:${"x".repeat(200_000)}`);
  const hooks: WebSocketHooks<WebSocket> = {
    save: (ws) => send(ws),
    restore(ws) {
      for (let burst = 0; burst < 20; burst++) send(ws);
    },
  };
  const [a, b] = [await start(hooks), await start(hooks)];
  const { ws, messages } = await dial(a.port);
  ws.pause();
  await until("it is accepted", () => a.wss.clients.size === 1);
  for (let round = 0; round < 6; round++) {
    const [from, to] = round % 2 === 0 ? [a, b] : [b, a];
    const frozen = from.carrier.freeze(1).map(travel);
    assert.ok((frozen[0]?.output.length ?? 0) > 100_000);
    for (const one of frozen) to.carrier.adopt(one);
    ws.resume();
    const before = messages.length;
    await until("the client has read on", () => messages.length > before + 2);
    ws.pause();
  }
  ws.resume();
  await until("all has come", () => messages.length === sent);
  assert.deepEqual(
    messages.map((message) => Number(message.split(":")[0])),
    Array.from({ length: sent }, (_, index) => index),
  );
  assert.ok(messages.every((message) => message.length > 200_000));
});

test("a Blob that is being sent is out before the WebSocket moves", async () => {
  let socket: WebSocket | undefined;
  const hooks: WebSocketHooks<WebSocket> = {
    save: () => null,
    restore(ws) {
      socket = ws;
    },
  };
  const [a, b] = [await start(hooks), await start(hooks)];
  const { messages } = await dial(a.port);
  await until("it is accepted", () => socket !== undefined);
  Reflect.apply(WebSocket.prototype.send, socket, [new Blob(["from a blob"])]);
  socket?.send("after it");
  let changes = 0;
  a.carrier.onChange(() => changes++);
  assert.deepEqual(a.carrier.freeze(1), []);
  await until("the carrier asks to look again", () => changes > 0);
  await moveAll(a.carrier, b.carrier);
  await until("both have come", () => messages.length === 2);
  assert.deepEqual(messages, ["from a blob", "after it"]);
});

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

test("a WebSocket goes on in another process, with half a frame read and frames unsent", async () => {
  const hooks: WebSocketHooks<WebSocket> = {
    save: () => ({ greeting: "moved" }),
    restore(ws, saved) {
      if (saved === undefined) ws.send("x".repeat(8_000_000));
    },
  };
  const a = await start(hooks);
  const { ws, messages } = await dial(a.port, "/other");
  ws.pause();
  await until("it is accepted", () => a.carrier.open === 1);
  const hello = frame(true, 1, Buffer.from("hello"), Buffer.from([1, 2, 3, 4]));
  const socket: unknown = Reflect.get(ws, "_socket");
  assert.ok(socket instanceof Socket);
  socket.write(hello.subarray(0, 8));
  let frozen: Frozen | undefined;
  await until("half the frame is read", () => {
    for (const one of a.carrier.freeze(1)) frozen = one;
    if (frozen === undefined || frozen.input.length > 0) return frozen !== undefined;
    a.carrier.adopt(frozen);
    frozen = undefined;
    return false;
  });
  assert.ok(frozen);
  const { fd, meta, input, output } = frozen;
  assert.ok(output.length > 1_000_000);
  const worker = fileURLToPath(new URL("./other-worker.js", import.meta.url));
  const child = spawn(process.execPath, [worker], { stdio: ["ignore", "inherit", "inherit", "ipc", fd] });
  closeFd(fd);
  child.send({ meta, input: input.toString("base64"), output: output.toString("base64") });
  socket.write(hello.subarray(8));
  ws.resume();
  await until("the other process has answered", () => messages.at(-1)?.startsWith("moved") === true);
  assert.deepEqual([messages.length, messages[0]?.length, messages[1]], [2, 8_000_000, "moved /other hello"]);
  ws.terminate();
  await once(child, "exit");
  assert.equal(child.exitCode, 0);
});

test("a WebSocket opened while draining moves as well, or is turned away where it cannot", async () => {
  const [a, b] = [await start(echo, { perMessageDeflate: true }), await start(echo)];
  a.carrier.beginDrain();
  let changes = 0;
  a.carrier.onChange(() => changes++);
  const plain = await dial(a.port);
  const deflated = await dial(a.port, "/", { perMessageDeflate: true });
  await until("the carrier was told", () => changes > 0);
  await until("both are settled", () => {
    for (const frozen of a.carrier.freeze(10)) b.carrier.adopt(frozen);
    return a.carrier.open === 0;
  });
  await until("the other is turned away", () => deflated.seen.code === 1012);
  plain.ws.send("hello");
  await until("the moved one answers", () => plain.messages.length === 1);
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

test("a WebSocket whose answer is being worked on stays until it may go", async () => {
  let working = true;
  const hooks: WebSocketHooks<WebSocket> = { ...echo, save: () => (working ? notYet : null) };
  const [a, b] = [await start(hooks), await start(hooks)];
  const { ws, messages } = await dial(a.port);
  await until("it is accepted", () => a.carrier.open === 1);
  assert.equal(await move(a.carrier, b.carrier), 0);
  ws.send("still");
  await until("it is answered", () => messages.length === 1);
  working = false;
  assert.equal(await move(a.carrier, b.carrier), 1);
  ws.send("moved");
  await until("it is answered", () => messages.length === 2);
});

test("a closing WebSocket finishes its handshake where it is", async () => {
  let socket: WebSocket | undefined;
  const hooks: WebSocketHooks<WebSocket> = {
    save: () => null,
    restore(ws) {
      socket = ws;
    },
  };
  const [a, b] = [await start(hooks), await start(hooks)];
  const { seen } = await dial(a.port);
  await until("it is accepted", () => socket !== undefined);
  socket?.close(4000);
  assert.equal(await move(a.carrier, b.carrier), 0);
  await until("it is closed", () => seen.code === 4000);
});

test("a server that waits for its last WebSocket to close is let go when that one moves", async () => {
  const [a, b] = [await start(echo), await start(echo)];
  await dial(a.port);
  await until("it is accepted", () => a.carrier.open === 1);
  const closed = once(a.wss, "close");
  a.wss.close();
  await moveAll(a.carrier, b.carrier);
  await closed;
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
