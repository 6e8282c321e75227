import assert from "node:assert/strict";
import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
  type Http2Server,
} from "node:http2";
import { connect as connectSocket, type Socket } from "node:net";
import { test } from "node:test";
import { openSocketPair } from "../../../../../src/linux/socket-pair.js";
import type { Carrier } from "../../../../../src/worker/carriers/carrier.js";
import { createHttp2Carrier } from "../../../../../src/worker/carriers/http2/http2-carrier.js";
import { openConnection } from "../../../../../src/worker/node-internals/open-connection.js";
import { deadline, turn } from "../http/deadline.js";
import { until } from "../tcp/rig.js";

const none = { ok: 0, clientErrors: 0, serverErrors: 0, aborted: 0, slow: 0 };

interface Served extends AsyncDisposable {
  readonly carrier: Carrier;
  readonly server: Http2Server;
  readonly client: ClientHttp2Session;
  readonly socket: Socket;
  /** What has been counted, once no stream is open and every event of it is through. */
  readonly counts: () => Promise<object>;
}

function create(): Http2Server {
  const server = createServer();
  server.on("stream", (stream, { ":path": path = "" }) => {
    stream.on("error", () => {});
    const status = Number(/^\/([0-9]{3})$/.exec(path)?.[1]);
    if (status > 0) {
      stream.additionalHeaders({ ":status": 103 });
      stream.respond({ ":status": status });
      stream.end("x");
    } else if (path === "/head") stream.respond({ ":status": 200 }, { endStream: true });
    else if (path === "/file")
      stream.respondWithFile("/proc/self/exe", { ":status": 200 }, { length: 100_000 });
    else if (path === "/half") {
      stream.respond({ ":status": 200 });
      stream.write("x", () => stream.destroy());
    } else if (path === "/nothing") stream.destroy();
    else if (path === "/error") stream.destroy(new Error("the app's"));
    else if (path === "/session") stream.session?.destroy();
    else if (path === "/begun") {
      stream.respond({ ":status": 200 });
      stream.write("x");
    }
  });
  return server;
}

async function serve(): Promise<Served> {
  const server = create();
  const carrier = createHttp2Carrier(server);
  server.listen(0, "127.0.0.1");
  await deadline("to listen", once(server, "listening"));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const { port } = address;
  const socket = connectSocket(port, "127.0.0.1");
  const client = connect(`http://127.0.0.1:${port}`, { createConnection: () => socket });
  client.on("error", () => {});
  return {
    carrier,
    server,
    client,
    socket,
    counts: async () => {
      await until("nothing is in flight", () => carrier.counters.inFlight === 0);
      await turn();
      return { ...carrier.tally?.counters };
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      carrier.cut();
      server.close();
      await until("all is closed", () => carrier.open === 0);
    },
  };
}

async function ask(client: ClientHttp2Session, path: string): Promise<void> {
  const request = client.request({ ":path": path }).resume();
  request.on("error", () => {});
  await deadline(`the end of ${path}`, new Promise((resolve) => request.once("close", resolve)));
}

for (const [path, counter] of [
  ["/200", "ok"],
  ["/399", "ok"],
  ["/404", "clientErrors"],
  ["/500", "serverErrors"],
  ["/head", "ok"],
  ["/file", "ok"],
  ["/half", "aborted"],
  ["/nothing", "aborted"],
  ["/error", "aborted"],
] as const) {
  test(`HTTP/2: a response to ${path} counts as ${counter}, each in its stream`, async () => {
    await using served = await serve();
    await Promise.all([ask(served.client, path), ask(served.client, path)]);
    assert.deepEqual(await served.counts(), { ...none, [counter]: 2 });
  });
}

test("HTTP/2: a session that the app destroys takes its responses with it", async () => {
  await using served = await serve();
  await Promise.all([ask(served.client, "/begun"), ask(served.client, "/session")]);
  assert.deepEqual(await served.counts(), { ...none, aborted: 2 });
});

test("HTTP/2: a response that takes longer than is allowed counts as slow besides", async () => {
  await using served = await serve();
  served.carrier.tally?.countSlow(0);
  await ask(served.client, "/404");
  assert.deepEqual(await served.counts(), { ...none, clientErrors: 1, slow: 1 });
});

for (const [how, leave] of [
  ["cancels the stream", (request) => request.close(constants.NGHTTP2_CANCEL)],
  ["closes the stream without an error", (request) => request.close()],
  ["ends the connection", (_request, socket) => socket.end()],
  ["resets the connection", (_request, socket) => socket.resetAndDestroy()],
] satisfies [string, (request: ClientHttp2Stream, socket: Socket) => void][]) {
  test(`HTTP/2: a client that ${how} counts for nothing`, async () => {
    await using served = await serve();
    const request = served.client.request({ ":path": "/begun" });
    request.on("error", () => {});
    await deadline("the begin of the response", once(request, "data"));
    served.carrier.tally?.countSlow(0);
    leave(request, served.socket);
    assert.deepEqual(await served.counts(), none);
  });
}

test("HTTP/2: a client that has waited for the head longer than is allowed, and goes, counts as aborted", async () => {
  await using served = await serve();
  served.carrier.tally?.countSlow(0);
  const request = served.client.request({ ":path": "/held" });
  request.on("error", () => {});
  await until("the request is there", () => served.carrier.counters.requests === 1);
  request.close(constants.NGHTTP2_CANCEL);
  assert.deepEqual(await served.counts(), { ...none, aborted: 1 });
});

test("HTTP/2: on a connection of the daemon's nothing counts", async () => {
  const server = create();
  const carrier = createHttp2Carrier(server);
  const [fd, peer] = openSocketPair("stream");
  const socket = openConnection(fd, undefined);
  carrier.ignoreResponses?.(socket);
  server.emit("connection", socket);
  const client = connect("http://daemon", { createConnection: () => openConnection(peer, undefined) });
  await ask(client, "/500");
  await ask(client, "/nothing");
  assert.equal(carrier.counters.requests, 2);
  client.destroy();
  await until("it has gone", () => carrier.open === 0);
  assert.deepEqual(carrier.tally?.counters, none);
});
