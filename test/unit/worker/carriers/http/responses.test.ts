import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import { openSocketPair } from "../../../../../src/linux/socket-pair.js";
import { createHttpCarrier, type HttpCarrier } from "../../../../../src/worker/carriers/http/http-carrier.js";
import { openConnection } from "../../../../../src/worker/node-internals/open-connection.js";
import { until } from "../tcp/rig.js";
import { certificate } from "./certificate.js";
import { deadline, turn } from "./deadline.js";
import { get, post, RawClient } from "./raw-client.js";

const none = { ok: 0, clientErrors: 0, serverErrors: 0, aborted: 0, slow: 0 };

/** What the app does, by path; `/held` is up to the test. */
const app: RequestListener = (request, response) => {
  const { url = "" } = request;
  const status = Number(/^\/([0-9]{3})$/.exec(url)?.[1]);
  if (status > 0) {
    response.statusCode = status;
    response.end("x");
  } else if (url === "/continue") {
    response.writeContinue();
    response.writeEarlyHints({ link: "</x>; rel=preload" });
    response.writeProcessing();
    response.end("x");
  } else if (url === "/late") setImmediate(() => setImmediate(() => response.end("x")));
  else if (url === "/half") {
    response.write("x", () => response.destroy());
  } else if (url === "/nothing") response.destroy();
  else if (url === "/socket") request.socket.destroy();
  else if (url === "/upstream") {
    response.destroy(Object.assign(new Error("upstream"), { code: "ECONNRESET", syscall: "read" }));
  } else if (url === "/begun") response.write("x");
};

class Served implements AsyncDisposable {
  readonly carrier: HttpCarrier;
  readonly #server: Server;
  readonly #clients: RawClient[] = [];
  #port = 0;

  private constructor(server: Server) {
    this.#server = server;
    this.carrier = createHttpCarrier(server);
  }

  static async open(server = createServer(app)): Promise<Served> {
    const served = new Served(server.listen(0, "127.0.0.1"));
    await deadline("to listen", once(server, "listening"));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    served.#port = address.port;
    return served;
  }

  get port(): number {
    return this.#port;
  }

  async connect(): Promise<RawClient> {
    const client = await RawClient.connect(this.#port);
    this.#clients.push(client);
    return client;
  }

  /** What has been counted, once no request is open and every event of it is through. */
  async counts(): Promise<object> {
    await until("nothing is in flight", () => this.carrier.counters.inFlight === 0);
    await turn();
    return { ...this.carrier.tally?.counters };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    this.carrier.cut();
    this.#server.close();
    await deadline("a closed server", once(this.#server, "close"));
  }
}

for (const [status, counter] of [
  [200, "ok"],
  [204, "ok"],
  [304, "ok"],
  [399, "ok"],
  [400, "clientErrors"],
  [499, "clientErrors"],
  [500, "serverErrors"],
  [599, "serverErrors"],
] as const) {
  test(`a response of ${status} counts as ${counter}, on a kept connection each time`, async () => {
    await using served = await Served.open();
    const client = await served.connect();
    for (let asked = 0; asked < 3; asked += 1) await client.get(`/${status}`);
    assert.deepEqual(await served.counts(), { ...none, [counter]: 3 });
  });
}

test("informational responses count for nothing", async () => {
  await using served = await Served.open();
  const client = await served.connect();
  client.send(get("/continue"));
  for (const status of [100, 103, 102, 200]) assert.equal((await client.response()).status, status);
  assert.deepEqual(await served.counts(), { ...none, ok: 1 });
});

test("pipelined responses count each", async () => {
  await using served = await Served.open();
  const client = await served.connect();
  client.send(get("/200") + get("/late") + get("/404") + get("/500"));
  for (const status of [200, 200, 404, 500]) assert.equal((await client.response()).status, status);
  assert.deepEqual(await served.counts(), { ...none, ok: 2, clientErrors: 1, serverErrors: 1 });
});

test("a response that takes longer than is allowed counts as slow besides, but not one that failed anyway", async () => {
  await using served = await Served.open();
  served.carrier.tally?.countSlow(0);
  const client = await served.connect();
  for (const path of ["/late", "/404", "/500"]) await client.get(path);
  assert.deepEqual(await served.counts(), { ...none, ok: 1, clientErrors: 1, serverErrors: 1, slow: 2 });
});

test("a response that is there in time is not slow, and none is where nobody has said what that is", async () => {
  await using served = await Served.open();
  const client = await served.connect();
  await client.get("/late");
  served.carrier.tally?.countSlow(60_000);
  await client.get("/late");
  assert.deepEqual(await served.counts(), { ...none, ok: 2 });
});

for (const path of ["/half", "/nothing", "/socket", "/upstream"]) {
  test(`a response that the app gives up counts as aborted: ${path}`, async () => {
    await using served = await Served.open();
    const client = await served.connect();
    client.send(get(path));
    await client.end();
    assert.deepEqual(await served.counts(), { ...none, aborted: 1 });
  });
}

test("with a response the app gives up those pipelined behind it", async () => {
  await using served = await Served.open();
  const client = await served.connect();
  client.send(get("/200") + get("/half") + get("/200"));
  await client.end();
  assert.deepEqual(await served.counts(), { ...none, ok: 1, aborted: 2 });
});

for (const how of ["end", "destroy", "resetAndDestroy"] as const) {
  test(`a client that goes (${how}) before the end of its response counts for nothing`, async () => {
    await using served = await Served.open();
    const client = await served.connect();
    client.send(get("/begun"));
    await client.text("x");
    served.carrier.tally?.countSlow(0);
    client.socket[how]();
    await until("it has gone", () => served.carrier.open === 0);
    assert.deepEqual(await served.counts(), none);
  });
}

for (const [slowMs, aborted] of [
  [0, 1],
  [60_000, 0],
] as const) {
  test(`a client that goes before the head of its response, where ${slowMs} ms are allowed, counts as aborted ${aborted} times`, async () => {
    await using served = await Served.open();
    served.carrier.tally?.countSlow(slowMs);
    const client = await served.connect();
    client.send(get("/held"));
    await until("the request is there", () => served.carrier.counters.requests === 1);
    client.close();
    await until("it has gone", () => served.carrier.open === 0);
    assert.deepEqual(await served.counts(), { ...none, aborted });
  });
}

test("what the client sends wrongly, and what nobody asked for, counts for nothing", async () => {
  await using served = await Served.open();
  const [garbled, broken] = [await served.connect(), await served.connect()];
  garbled.send("nonsense\r\n\r\n");
  assert.equal((await garbled.response()).status, 400);
  broken.send(`${post("/held", "transfer-encoding: chunked")}no chunk\r\n`);
  await broken.end();
  assert.deepEqual(await served.counts(), none);
});

test("an upgraded request has no response", async () => {
  const server = createServer(app);
  server.on("upgrade", (_request, socket) => socket.end("HTTP/1.1 101 Switching Protocols\r\n\r\n"));
  await using served = await Served.open(server);
  const client = await served.connect();
  client.send(get("/", "connection: upgrade", "upgrade: other"));
  await client.end();
  assert.deepEqual(await served.counts(), none);
});

test("what the drain's deadline cuts is counted as cut, and not as aborted", async () => {
  await using served = await Served.open();
  const client = await served.connect();
  client.send(get("/begun"));
  await client.text("x");
  served.carrier.beginDrain();
  served.carrier.cut();
  await client.end();
  assert.equal(served.carrier.counters.cut, 1);
  assert.deepEqual(await served.counts(), none);
});

test("on a connection of the daemon's nothing counts", async () => {
  const server = createServer(app);
  const carrier = createHttpCarrier(server);
  const [fd, peer] = openSocketPair("stream");
  const socket = openConnection(fd, undefined);
  carrier.ignoreResponses?.(socket);
  server.emit("connection", socket);
  const client = openConnection(peer, undefined);
  client.resume();
  client.write(get("/500"));
  await deadline("a response", once(client, "data"));
  client.write(get("/nothing"));
  await deadline("the end", once(client, "end"));
  client.destroy();
  await until("it has gone", () => carrier.open === 0);
  assert.equal(carrier.counters.requests, 2);
  assert.deepEqual(carrier.tally?.counters, none);
});

test("under TLS it is the same", async () => {
  await using served = await Served.open(createTlsServer({ ...certificate }, app));
  const client = connectTls({ port: served.port, host: "127.0.0.1", rejectUnauthorized: false });
  await deadline("the handshake", once(client, "secureConnect"));
  client.write(get("/200") + get("/500") + get("/half"));
  client.resume();
  await deadline("the end", once(client, "close"));
  assert.deepEqual(await served.counts(), { ...none, ok: 1, serverErrors: 1, aborted: 1 });

  const leaving = connectTls({ port: served.port, host: "127.0.0.1", rejectUnauthorized: false });
  leaving.write(get("/begun"));
  await deadline("the begin of a response", once(leaving, "data"));
  leaving.destroy();
  await until("it has gone", () => served.carrier.open === 0);
  assert.deepEqual(await served.counts(), { ...none, ok: 1, serverErrors: 1, aborted: 1 });
});
