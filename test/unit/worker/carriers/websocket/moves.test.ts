import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Socket } from "node:net";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { closeFd } from "../../../../../src/linux/fd.js";
import type { Frozen } from "../../../../../src/worker/carriers/carrier.js";
import { notYet } from "../../../../../src/worker/carriers/socket/ask-to-save.js";
import type { WebSocketHooks } from "../../../../../src/worker/carriers/websocket/websocket-hooks.js";
import { move, moveAll, travel, until } from "../tcp/rig.js";
import { frame, partners } from "./rig.js";

const { start, dial } = partners();

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
