import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { request } from "node:https";
import { test } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { deadline, elapse, turn } from "../http/deadline.js";
import { get } from "../http/raw-client.js";
import { until } from "../tcp/rig.js";
import { FrameClient } from "./frame-client.js";
import { openHttp2 } from "./rig.js";

async function connectTls(port: number): Promise<TLSSocket> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] });
  await deadline("the handshake", once(socket, "secureConnect"));
  return socket;
}

async function ask(socket: TLSSocket, path: string): Promise<string> {
  let received = "";
  const take = (bytes: Buffer): void => {
    received += bytes.toString();
  };
  socket.on("data", take);
  socket.write(get(path));
  await until(`the answer to ${path}`, () => received.includes(`answer to ${path}`));
  socket.off("data", take);
  return received;
}

test("an idle HTTP/1 connection of an HTTP/2 server is kept until its next request, which is answered", async () => {
  await using rig = await openHttp2({ allowHTTP1: true });
  const socket = await connectTls(rig.port);
  assert.match(await ask(socket, "/first"), /Connection: keep-alive/);
  rig.carrier.beginDrain();
  await turn();
  assert.deepEqual([rig.carrier.open, socket.readableEnded], [1, false]);
  const ended = once(socket, "end");
  assert.match(await ask(socket, "/last"), /Connection: close/);
  await deadline("the end", ended);
  await rig.drained();
  const { requests, cut } = rig.carrier.counters;
  assert.deepEqual({ requests, cut }, { requests: 2, cut: 0 });
});

test("an HTTP/1 response that is in flight at a drain finishes", async () => {
  await using rig = await openHttp2({ allowHTTP1: true });
  const asked = request({
    port: rig.port,
    host: "127.0.0.1",
    path: "/held",
    rejectUnauthorized: false,
  }).end();
  const [response] = await deadline("the response", once(asked, "response"));
  const { socket } = response;
  rig.carrier.beginDrain();
  assert.equal(rig.carrier.counters.inFlight, 1);
  rig.letGo();
  let body = "";
  for await (const bytes of response) body += bytes;
  assert.equal(body, "begun, finished");
  socket.destroy();
  await rig.drained();
});

async function openTlsSession(port: number): Promise<ClientHttp2Session> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  await deadline("the session", once(session, "remoteSettings"));
  return session;
}

async function fetch(session: ClientHttp2Session, path: string): Promise<string> {
  let body = "";
  const stream = session.request({ ":path": path }).setEncoding("utf8");
  for await (const text of stream) body += text;
  return body;
}

test("an idle session with TLS is kept until its next request, which is answered behind the GOAWAY", async () => {
  await using rig = await openHttp2({});
  const session = await openTlsSession(rig.port);
  assert.equal(await fetch(session, "/first"), "answer to /first");
  rig.carrier.beginDrain();
  await elapse(50);
  assert.deepEqual([session.closed, rig.carrier.open], [false, 1]);
  const goAway = once(session, "goaway");
  assert.equal(await fetch(session, "/last"), "answer to /last");
  await deadline("GOAWAY", goAway);
  await rig.drained();
  assert.deepEqual([rig.carrier.counters.requests, rig.carrier.counters.cut], [2, 0]);
});

test("a session with TLS that has a stream open hears GOAWAY at once, and the stream finishes", async () => {
  await using rig = await openHttp2({});
  const session = await openTlsSession(rig.port);
  const goAway = once(session, "goaway");
  const held = fetch(session, "/held");
  await until("it is begun", () => rig.carrier.counters.inFlight === 1);
  rig.carrier.beginDrain();
  await deadline("GOAWAY", goAway);
  rig.letGo();
  assert.equal(await held, "begun, finished");
  await rig.drained();
});

test("many requests in one packet on a session with TLS are all served in a drain", async () => {
  await using rig = await openHttp2({});
  const session = await openTlsSession(rig.port);
  const ask = (): Promise<string[]> =>
    Promise.all(Array.from({ length: 20 }, (_, at) => fetch(session, `/${at}`)));
  await ask();
  rig.carrier.beginDrain();
  const bodies = await ask();
  assert.deepEqual(
    bodies,
    Array.from({ length: 20 }, (_, at) => `answer to /${at}`),
  );
  await rig.drained();
});

test("a handshake that has begun counts as open, and one that fails no longer does", async () => {
  await using rig = await openHttp2({});
  using client = await FrameClient.connect(rig.port);
  await until("it is accepted", () => rig.carrier.open === 1);
  rig.carrier.beginDrain();
  assert.equal(rig.carrier.open, 1);
  client.socket.write("this is not TLS\r\n\r\n");
  await rig.drained();
  assert.equal(rig.carrier.counters.cut, 0);
});
