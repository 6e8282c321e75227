import assert from "node:assert/strict";
import { test } from "node:test";
import { DEADLINE_MS, waitUntil } from "../../../../harness/container/wait-until.js";
import { elapse, turn } from "./deadline.js";
import { Pair } from "./pair.js";
import { get } from "./raw-client.js";

const upgrade = ["Connection: keep-alive, Upgrade", "Upgrade: websocket"];

test("a client whose upgrade was refused is forgiven what is no HTTP, moved as well as unmoved", async () => {
  await using pair = await Pair.open();
  for (const round of [0, 1, 2]) {
    const [refused, usual] = [await pair.connect(), await pair.connect()];
    await usual.get("/");
    refused.send(get("/", ...upgrade));
    await refused.response();
    let [from, to] = [pair.a, pair.b];
    for (let move = 0; move < 2 * round; move++) {
      await pair.upgrade(from, to);
      [from, to] = [to, from];
    }
    for (const client of [refused, usual]) client.send("garbage\r\n\r\n");
    await usual.text("400 Bad Request");
    await turn();
    assert.deepEqual([refused.rest, refused.ended], ["", false]);
    refused.close();
  }
});

test("a request after one whose upgrade was refused is like any other", async () => {
  await using pair = await Pair.open();
  const client = await pair.connect();
  client.send(get("/", ...upgrade));
  await client.response();
  await pair.upgrade(pair.a, pair.b);
  assert.equal((await client.get("/next")).body, "/next");
  await pair.upgrade(pair.b, pair.a);
  client.send("garbage\r\n\r\n");
  await client.text("400 Bad Request");
});

test("what the server was made with holds for a connection that was taken in", async () => {
  await using pair = await Pair.open(
    (request, response) => {
      const { readableHighWaterMark: read, writableHighWaterMark: write } = request.socket;
      response.end(JSON.stringify([read, write, response.writableHighWaterMark]));
    },
    { highWaterMark: 1_000_000 },
  );
  const client = await pair.connect();
  const { body } = await client.get("/");
  assert.equal(body, "[1000000,1000000,1000000]");
  await pair.upgrade(pair.a, pair.b);
  assert.equal((await client.get("/")).body, body);
});

test("a connection whose listeners the app has removed is gone when it is closed", async () => {
  await using pair = await Pair.open((request, response) => {
    request.socket.removeAllListeners("close");
    response.end("x");
  });
  const { server, carrier } = pair.a;
  server.on("upgrade", (_request, socket) => {
    socket.removeAllListeners();
    socket.on("error", () => {}).on("end", () => socket.end());
    socket.resume().write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
  });
  const [upgraded, asked] = [await pair.connect(), await pair.connect()];
  upgraded.send(get("/", ...upgrade));
  assert.equal((await upgraded.response()).status, 101);
  await asked.get("/");
  assert.equal(carrier.open, 2);
  upgraded.close();
  asked.close();
  await waitUntil("both are gone", DEADLINE_MS, () => carrier.open === 0);
  assert.equal(carrier.counters.cut, 0);
});

test("a stray CRLF after a response on a moved connection begins no request that could be late", async () => {
  await using pair = await Pair.openStrict();
  const [stray, witness] = [await pair.connect(), await pair.connect()];
  await stray.get("/");
  await pair.upgrade(pair.a, pair.b);
  stray.send("\r\n");
  witness.send("GET / HTTP/1.1\r\n");
  await witness.text("408 Request Timeout");
  await elapse(20);
  assert.deepEqual([stray.rest, stray.ended], ["", false]);
  assert.equal((await stray.get("/after")).body, "/after");
});
