import assert from "node:assert/strict";
import { createServer as createHttpServer } from "node:http";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { createTcpCarrier } from "../../../../../src/worker/carriers/tcp/tcp-carrier.js";
import { certificate } from "../http/certificate.js";
import { connect, listen, stop, until } from "./rig.js";

const request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const tlsHello = 0x16;

/** A server that looks at the first byte, and passes all events on to the servers inside. */
async function startSniffer() {
  const held: (() => void)[] = [];
  const http = createHttpServer((asked, response) => {
    if (asked.url === "/held") held.push(() => response.end("held"));
    else response.end("x");
  });
  const tls = createTlsServer(certificate, (socket) => http.emit("connection", socket));
  const server = createServer((socket: Socket) => {
    socket.once("readable", () => {
      const bytes: Buffer = socket.read();
      socket.unshift(bytes);
      (bytes[0] === tlsHello ? tls : http).emit("connection", socket);
    });
  });
  server.on("newListener", (event, listener) => {
    for (const inside of [http, tls]) inside.on(event, listener);
  });
  const carrier = createTcpCarrier(server, undefined, () => {});
  return { server, carrier, held, port: await listen(server) };
}

test("clients whose requests reach an HTTP server behind the one that accepts are told to close by their next response", async (t) => {
  const sniffer = await startSniffer();
  const { carrier, port, held } = sniffer;
  t.after(() => stop(sniffer));
  const [idle, asking] = [await connect(port), await connect(port)];
  const encrypted = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
  const heard: string[] = [];
  encrypted.on("data", (bytes: Buffer) => heard.push(bytes.toString()));
  encrypted.write(request);
  idle.socket.write(request);
  asking.socket.write(request.replace("/", "/held"));
  await until(
    "all are answered or held",
    () => heard.length > 0 && idle.received().length > 0 && held.length > 0,
  );
  assert.deepEqual([carrier.open, carrier.counters.accepted], [3, 3]);
  carrier.beginDrain();
  for (const finish of held) finish();
  await until("the held one is closed", () => asking.seen.ended);
  assert.deepEqual([idle.seen.ended, encrypted.readableEnded], [false, false]);
  for (const socket of [idle.socket, encrypted]) socket.write(request);
  await until("all are closed", () => idle.seen.ended && encrypted.readableEnded && carrier.open === 0);
  const last = [asking.received(), idle.received(), heard.join("")].map((text) =>
    `${text}`.split("HTTP/1.1").at(-1),
  );
  for (const text of last) assert.match(text ?? "", /200 OK[\s\S]*Connection: close/);
  assert.equal(carrier.counters.cut, 0);
});
