import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { createServer } from "node:https";
import type { Server } from "node:net";
import { connect as connectPlain } from "node:net";
import { test } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import type { Carrier } from "../../../../src/worker/carriers/carrier.js";
import { createHttpCarrier } from "../../../../src/worker/carriers/http/http-carrier.js";
import { certificate } from "../carriers/http/certificate.js";
import { deadline } from "../carriers/http/deadline.js";
import { get } from "../carriers/http/raw-client.js";
import { openHttp2 } from "../carriers/http2/rig.js";
import { until } from "../carriers/tcp/rig.js";
import { type Puppet, Rig, typesOf } from "./rig.js";

/** A drain with one writer at a time, of a server whose connections cannot move, towards a bare peer. */
class OneWriter implements AsyncDisposable {
  readonly rig = new Rig();
  readonly carrier: Carrier;
  readonly port: number;
  readonly #server: Server;
  #peer: Puppet | undefined;

  private constructor(server: Server, carrier: Carrier) {
    this.#server = server;
    this.carrier = carrier;
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    this.port = address.port;
  }

  static async openHttps(): Promise<OneWriter> {
    const server = createServer(certificate, (request, response) => response.end(`answer to ${request.url}`));
    const carrier = createHttpCarrier(server);
    server.listen(0, "127.0.0.1");
    await deadline("to listen", once(server, "listening"));
    return new OneWriter(server, carrier);
  }

  static async openHttp2(): Promise<OneWriter> {
    const { server, carrier } = await openHttp2({ allowHTTP1: true });
    return new OneWriter(server, carrier);
  }

  drain(): void {
    const [a, b] = this.rig.pair();
    this.#peer = this.rig.puppet(b);
    this.rig.sender([a], this.carrier, { exclusive: true });
    this.carrier.beginDrain();
  }

  get stateGone(): boolean {
    return this.#peer !== undefined && typesOf(this.#peer).includes("state");
  }

  async connect(): Promise<TLSSocket> {
    const socket = connect({ port: this.port, host: "127.0.0.1", rejectUnauthorized: false });
    socket.on("error", () => {});
    await deadline("the handshake", once(socket, "secureConnect"));
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.carrier.cut();
    this.#server.close();
    await until("all is closed", () => this.carrier.open === 0);
    await this.rig[Symbol.asyncDispose]();
  }
}

/** Collects what comes. */
function hear(socket: TLSSocket): () => string {
  let received = "";
  socket.setEncoding("latin1").on("data", (text) => {
    received += text;
  });
  return () => received;
}

async function elapse(ms: number): Promise<void> {
  const end = Date.now() + ms;
  await until(`${ms} ms to pass`, () => Date.now() > end);
}

for (const [what, open] of [
  ["an https", OneWriter.openHttps],
  ["an HTTP/2", OneWriter.openHttp2],
] as const) {
  test(`the state of ${what} server waits for a request whose head is half read, and that is answered`, async () => {
    await using one = await open();
    const socket = await one.connect();
    const received = hear(socket);
    const request = get("/slow");
    socket.write(request.slice(0, 10));
    await until("the half head", () => one.carrier.open === 1);
    // Its bytes have to come before the drain begins to count.
    await elapse(100);
    one.drain();
    await elapse(2_500);
    assert.equal(one.stateGone, false);
    socket.write(request.slice(10));
    await until("the answer", () => received().endsWith("answer to /slow"));
    assert.match(received(), /Connection: close/);
    await until("the state", () => one.stateGone);
    assert.equal(one.carrier.counters.cut, 0);
  });
}

test("an idle TLS connection is answered once more before the state goes, if it asks soon", async () => {
  await using one = await OneWriter.openHttps();
  const [first, second] = [await one.connect(), await one.connect()];
  const heard = [hear(first), hear(second)];
  one.drain();
  await elapse(300);
  assert.equal(one.stateGone, false);
  first.write(get("/one"));
  await until("an answer", () => heard[0]?.().endsWith("answer to /one") ?? false);
  assert.equal(one.stateGone, false);
  second.write(get("/two"));
  await until("the other answer", () => heard[1]?.().endsWith("answer to /two") ?? false);
  await until("the state", () => one.stateGone);
  const { requests, cut } = one.carrier.counters;
  assert.deepEqual([requests, cut], [2, 0]);
});

test("no TLS connection, and no handshake, is left to ask anything when the state has gone", async () => {
  await using one = await OneWriter.openHttps();
  const idle = await one.connect();
  const silent = connectPlain({ port: one.port, host: "127.0.0.1" }).on("error", () => {});
  await until("both", () => one.carrier.open === 2);
  const ended = [once(idle, "close"), once(silent, "close")];
  one.drain();
  await until("the state", () => one.stateGone);
  assert.equal(one.carrier.open, 0);
  assert.equal(one.carrier.counters.cut, 2);
  await deadline("the ends", Promise.all(ended));
});

test("an idle HTTP/2 session on TLS hears GOAWAY before the state goes, and is not cut", async () => {
  await using one = await OneWriter.openHttp2();
  const session = connectHttp2(`https://127.0.0.1:${one.port}`, { rejectUnauthorized: false });
  await deadline("the session", once(session, "remoteSettings"));
  const goAway = once(session, "goaway");
  one.drain();
  const [code] = await deadline("GOAWAY", goAway);
  assert.equal(code, 0);
  await until("the state", () => one.stateGone);
  assert.equal(one.carrier.counters.cut, 0);
});
