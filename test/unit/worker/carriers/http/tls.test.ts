import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:https";
import { connect as connectPlain, Socket } from "node:net";
import { test } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { closeFd, isOpen } from "../../../../../src/linux/fd.js";
import { openSocketPair } from "../../../../../src/linux/socket-pair.js";
import { createHttpCarrier, type HttpCarrier } from "../../../../../src/worker/carriers/http/http-carrier.js";
import { until } from "../tcp/rig.js";
import { certificate } from "./certificate.js";
import { deadline } from "./deadline.js";
import { get } from "./raw-client.js";

interface Secure extends AsyncDisposable {
  readonly server: Server;
  readonly carrier: HttpCarrier;
  readonly port: number;
}

async function open(): Promise<Secure> {
  const server = createServer(certificate, (request, response) => response.end(`answer to ${request.url}`));
  const carrier = createHttpCarrier(server);
  server.listen(0, "127.0.0.1");
  await deadline("to listen", once(server, "listening"));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const { port } = address;
  return {
    server,
    carrier,
    port,
    async [Symbol.asyncDispose]() {
      carrier.cut();
      server.close();
      await until("all is closed", () => carrier.open === 0);
    },
  };
}

async function connectTls(port: number): Promise<TLSSocket> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
  await deadline("the handshake", once(socket, "secureConnect"));
  return socket;
}

async function ask(socket: Socket, path: string): Promise<string> {
  let received = "";
  socket.setEncoding("latin1").on("data", (text) => {
    received += text;
  });
  socket.write(get(path));
  await until(`the answer to ${path}`, () => received.endsWith(`answer to ${path}`));
  socket.removeAllListeners("data");
  return received;
}

test("an idle TLS connection is kept through a drain, gets Connection: close with its next answer, and ends", async () => {
  await using secure = await open();
  const socket = await connectTls(secure.port);
  assert.match(await ask(socket, "/first"), /Connection: keep-alive/);
  secure.carrier.beginDrain();
  assert.deepEqual([secure.carrier.freeze(50), secure.carrier.open, socket.readableEnded], [[], 1, false]);
  const ended = once(socket, "end");
  assert.match(await ask(socket, "/last"), /Connection: close/);
  await deadline("the end", ended);
  await until("it is gone", () => secure.carrier.open === 0);
  const { accepted, requests, moved, cut } = secure.carrier.counters;
  assert.deepEqual({ accepted, requests, moved, cut }, { accepted: 1, requests: 2, moved: 0, cut: 0 });
});

test("a handshake that has begun counts as open, is finished in a drain, and its request is answered", async () => {
  await using secure = await open();
  const raw = connectPlain({ port: secure.port, host: "127.0.0.1" });
  await until("it is accepted", () => secure.carrier.open === 1);
  secure.carrier.beginDrain();
  const socket = connect({ socket: raw, rejectUnauthorized: false });
  await deadline("the handshake", once(socket, "secureConnect"));
  assert.equal(secure.carrier.open, 1);
  assert.match(await ask(socket, "/only"), /Connection: close/);
  await until("it is gone", () => secure.carrier.open === 0);
});

test("a handshake that fails or is given up no longer counts as open", async () => {
  await using secure = await open();
  for (const bytes of ["this is not TLS\r\n", ""]) {
    const raw = connectPlain({ port: secure.port, host: "127.0.0.1" });
    raw.on("error", () => undefined);
    await until("it is accepted", () => secure.carrier.open === 1);
    if (bytes === "") raw.destroy();
    else raw.write(bytes);
    await until("it is gone", () => secure.carrier.open === 0);
    raw.destroy();
  }
});

test("an idle TLS connection that is left at the deadline is cut and counted", async () => {
  await using secure = await open();
  const socket = await connectTls(secure.port);
  socket.on("error", () => undefined);
  await ask(socket, "/");
  secure.carrier.beginDrain();
  const closed = once(socket, "close");
  socket.resume();
  secure.carrier.cut();
  await deadline("the end", closed);
  const { counters } = secure.carrier;
  assert.deepEqual([counters.cut, counters.finished, counters.open], [1, 0, 0]);
});

test("a server with TLS refuses a connection from elsewhere, and closes it", async () => {
  await using secure = await open();
  const [fd, peer] = openSocketPair("stream");
  const none = Buffer.alloc(0);
  assert.throws(() => secure.carrier.adopt({ fd, meta: {}, input: none, output: none }), {
    code: "cannot-adopt",
  });
  assert.equal(isOpen(fd), false);
  closeFd(peer);
});

test("a connection without a handshake, as a verification comes, is answered and counted like any other", async () => {
  await using secure = await open();
  const [near, far] = openSocketPair("stream");
  secure.server.emit("secureConnection", new Socket({ fd: far, readable: true, writable: true }));
  const socket = new Socket({ fd: near, readable: true, writable: true });
  assert.match(await ask(socket, "/healthz"), /200 OK/);
  assert.deepEqual([secure.carrier.open, secure.carrier.counters.accepted], [1, 1]);
  socket.destroy();
  await until("it is gone", () => secure.carrier.open === 0);
});
