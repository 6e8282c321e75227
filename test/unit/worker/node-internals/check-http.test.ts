import assert from "node:assert/strict";
import { subscribe } from "node:diagnostics_channel";
import { createServer } from "node:http";
import { test } from "node:test";
import { closeFd, isOpen } from "../../../../src/linux/fd.js";
import { createMemfd } from "../../../../src/linux/memfd.js";
import { createHttpCarrier } from "../../../../src/worker/carriers/http/http-carrier.js";
import { checkHttpInternals } from "../../../../src/worker/node-internals/check-http.js";
import { checkTcpInternals } from "../../../../src/worker/node-internals/check-tcp.js";
import { Pair, untilRead } from "../carriers/http/pair.js";

test("a process with a tracer hears of no request that no client has sent, and of those that one has", async () => {
  const heard: string[] = [];
  const names = ["http.server.request.start", "http.server.response.created", "net.client.socket"];
  for (const name of names) subscribe(name, () => heard.push(name));
  assert.deepEqual([checkHttpInternals(), checkTcpInternals()], [undefined, undefined]);
  assert.equal(heard.length, 0);
  await using pair = await Pair.open();
  await (await pair.connect()).get("/");
  assert.ok(heard.includes("http.server.request.start"));
});

test("this Node has all that moving connections needs", () => {
  assert.equal(checkHttpInternals(), undefined);
  assert.equal(checkHttpInternals(), undefined);
});

test("what is no connection is refused, and closed", () => {
  const carrier = createHttpCarrier(createServer());
  const fd = createMemfd("no socket");
  const none = Buffer.alloc(0);
  assert.throws(() => carrier.adopt({ fd, meta: {}, input: none, output: none }));
  assert.equal(isOpen(fd), false);
  assert.deepEqual([carrier.open, carrier.counters.adopted], [0, 0]);
});

test("a connection goes into a server that does not listen yet, and on to one that does", async () => {
  await using pair = await Pair.open();
  const client = await pair.connect();
  await client.get("/");
  for (const frozen of pair.a.carrier.freeze(1)) pair.b.carrier.adopt(frozen);
  assert.equal((await client.get("/standby")).headers.get("x-side"), "b");
  const before = pair.b.last()?.bytesRead ?? 0;
  client.send("GET /par");
  await untilRead(pair.b, 8, before);
  await pair.listen(pair.b);
  assert.deepEqual(pair.b.carrier.freeze(1), []);
  client.send("tial HTTP/1.1\r\nHost: x\r\n\r\n");
  assert.equal((await client.response()).body, "/partial");
});

test("no more than the limit is taken out at a time", async () => {
  await using pair = await Pair.open();
  const clients = [await pair.connect(), await pair.connect(), await pair.connect()];
  for (const client of clients) await client.get("/");
  const first = pair.a.carrier.freeze(2);
  assert.deepEqual([first.length, pair.a.carrier.open], [2, 1]);
  const second = pair.a.carrier.freeze(2);
  assert.equal(second.length, 1);
  for (const { fd } of [...first, ...second]) closeFd(fd);
  await Promise.all(clients.map((client) => client.end()));
});
