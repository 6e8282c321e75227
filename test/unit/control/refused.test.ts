import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { setImmediate as immediate, setTimeout as pause } from "node:timers/promises";
import type { Right } from "../../../src/control/server.js";
import { standStill } from "../../harness/process/stand-still.js";
import { ask, reasonIn, send } from "./ask.js";
import { exchangeBytes, startServer, until } from "./rig.js";

test("who may look may not act, and who may neither is not answered", async (context) => {
  let right: Right | undefined;
  const { socketPath, port } = await startServer(context, { rightOf: () => right });
  for (const [may, look, act] of [
    [undefined, 403, 403],
    ["look", 200, 403],
    ["act", 200, 202],
  ] as const) {
    right = may;
    for (const path of ["/v1/status", "/v1/version", "/v1/history"])
      assert.equal((await ask(socketPath, "GET", path)).status, look, path);
    for (const command of ["upgrade", "rollback", "commit", "reexec", "drain", "stop"])
      assert.equal((await ask(socketPath, "POST", `/v1/${command}`)).status, act, command);
  }
  assert.equal(port.commands.length, 6);
});

test("who cannot be told is not answered", async (context) => {
  const { socketPath } = await startServer(context, { peerOf: () => undefined });
  assert.equal((await ask(socketPath, "GET", "/v1/status")).status, 403);
});

test("bytes that are no request get an answer and do nothing", async (context) => {
  const { socketPath, port } = await startServer(context);
  for (const bytes of [
    "\0\0\0\0",
    "HELO\r\n\r\n",
    "POST  HTTP/1.1\r\n\r\n",
    "POST /v1/stop HTTP/1.1\nx y\n\n",
  ]) {
    const reply = await send(socketPath, bytes);
    assert.deepEqual([reply.status, reasonIn(reply)], [400, "malformed"], JSON.stringify(bytes));
  }
  const smuggled = "Content-Length: 5\r\nContent-Length: 6\r\n";
  assert.equal((await ask(socketPath, "POST", "/v1/stop", smuggled)).status, 400);
  assert.deepEqual(port.commands, []);
});

test("a huge head and a huge body are refused and do nothing", async (context) => {
  const { socketPath, port } = await startServer(context);
  const head = await ask(socketPath, "POST", "/v1/stop", `X: ${"x".repeat(9000)}\r\n`);
  assert.deepEqual([head.status, reasonIn(head)], [431, "head-too-large"]);
  for (const header of [
    "Content-Length: 1025",
    "Content-Length: 99999999999",
    "Transfer-Encoding: chunked",
  ]) {
    const body = await ask(socketPath, "POST", "/v1/stop", `${header}\r\n`);
    assert.deepEqual([body.status, reasonIn(body)], [413, "body-too-large"], header);
  }
  assert.deepEqual(port.commands, []);
  assert.equal((await ask(socketPath, "POST", "/v1/stop", "Content-Length: 2\r\n\r\n{}")).status, 202);
});

test("only the first request of a connection counts", async (context) => {
  const { socketPath, port } = await startServer(context);
  await send(socketPath, "POST /v1/drain HTTP/1.1\r\n\r\nPOST /v1/stop HTTP/1.1\r\n\r\n");
  assert.deepEqual(port.commands, ["drain"]);
});

test("a client that is slow to ask is dropped, and one that waits for its answer is not", async (context) => {
  const { socketPath, port } = await startServer(context, { requestTimeoutMs: 50 });
  const waiting = ask(socketPath, "POST", "/v1/upgrade?wait");
  await until(() => port.listeners.size === 1);
  assert.equal(await exchangeBytes(socketPath, ""), "");
  assert.equal(await exchangeBytes(socketPath, "POST /v1/stop HTTP/1.1\r\nX: "), "");
  port.conclude(12);
  assert.match((await waiting).body, /"outcome"/);
  assert.deepEqual(port.commands, ["upgrade"]);
});

test("what a client has asked in time is read, however late the server looks", async (context) => {
  const { socketPath } = await startServer(context, { requestTimeoutMs: 900 });
  const socket = connect(socketPath);
  context.after(() => socket.destroy());
  await once(socket, "connect");
  await pause(30);
  // The loop looks at its timers next.
  await immediate();
  socket.write("GET /v1/status HTTP/1.1\r\n\r\n");
  standStill(1_000);
  assert.match((await buffer(socket)).toString(), /^HTTP\/1\.1 200 /);
});

test("a crowd of idle clients is turned away at the door", async (context) => {
  const { socketPath } = await startServer(context);
  const sockets = Array.from({ length: 80 }, () => connect(socketPath).on("error", () => {}));
  context.after(() => sockets.forEach((socket) => void socket.destroy()));
  await until(() => sockets.filter(({ closed }) => closed).length === 16);
  for (const socket of sockets) socket.destroy();
  await until(() => sockets.every(({ closed }) => closed));
  assert.equal((await ask(socketPath, "GET", "/v1/status")).status, 200);
});

test("closing does not wait for streams", async (context) => {
  const { socketPath, port, close } = await startServer(context);
  const stream = exchangeBytes(socketPath, "GET /v1/events HTTP/1.1\r\n\r\n");
  await until(() => port.listeners.size === 1);
  await close();
  await stream;
  await until(() => port.listeners.size === 0);
});
