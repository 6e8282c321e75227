import assert from "node:assert/strict";
import { Agent, get as fetchOnce } from "node:http";
import { test } from "node:test";
import { until } from "../tcp/rig.js";
import { deadline } from "./deadline.js";
import { moveNow, Pair } from "./pair.js";
import { get, post } from "./raw-client.js";

test("a running event stream is neither moved nor cut before cut()", async () => {
  const send: ((text: string) => void)[] = [];
  await using pair = await Pair.open((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    send.push((text) => response.write(text));
    response.write("data: 1\n\n");
  });
  const client = await pair.connect();
  client.send(get("/events"));
  await client.text("data: 1\n\n");
  await pair.begin(pair.a, pair.b);
  assert.deepEqual(moveNow(pair.a, pair.b), []);
  for (const write of send) write("data: 2\n\n");
  await client.text("data: 2\n\n");
  assert.equal(client.ended, false);
  pair.a.carrier.cut();
  await client.end();
  const { cut, open, moved } = pair.a.carrier.counters;
  assert.deepEqual({ cut, open, moved }, { cut: 1, open: 0, moved: 0 });
});

test("a long answer to a slow reader arrives whole before its connection goes over", async () => {
  const size = 8_000_000;
  await using pair = await Pair.open((request, response) =>
    response.end(request.url === "/" ? "" : Buffer.alloc(size, "x")),
  );
  const client = await pair.connect();
  client.socket.pause();
  client.send(get("/long"));
  await until("it is in flight", () => pair.a.carrier.counters.inFlight === 1);
  await pair.begin(pair.a, pair.b);
  assert.deepEqual(moveNow(pair.a, pair.b), []);
  client.socket.resume();
  assert.equal((await client.response()).body.length, size);
  await until("it has moved", () => pair.a.carrier.open === 0);
  assert.equal((await client.get("/")).headers.get("x-side"), "b");
});

test("a Connection: close request is answered and closed where it is", async () => {
  await using pair = await Pair.open();
  const client = await pair.connect();
  client.send(get("/last", "Connection: close"));
  await until("it is answered", () => client.rest.includes("/last"));
  await pair.upgrade(pair.a, pair.b);
  assert.equal((await client.response()).body, "/last");
  await client.end();
  assert.equal(pair.a.carrier.counters.moved, 0);
});

test("a client that half-closes after its request is answered and closed, moved or not", async () => {
  await using pair = await Pair.open((request, response) => response.end(request.url));
  const client = await pair.connect();
  await client.get("/");
  await pair.begin(pair.a, pair.b);
  client.send(get("/last"));
  client.socket.end();
  assert.equal((await client.response()).body, "/last");
  await client.end();
  await until("it is gone", () => pair.a.carrier.open + pair.b.carrier.open === 0);
  const { moved, finished, cut } = pair.a.carrier.counters;
  assert.deepEqual([moved + finished, cut], [1, 0]);
});

test("an upgraded connection counts here until it is released, and is never taken out", async () => {
  await using pair = await Pair.open();
  const { server, carrier } = pair.a;
  let upgraded = 0;
  server.on("upgrade", (request, socket) => {
    upgraded += 1;
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    socket.on("data", (bytes) => socket.write(bytes));
    socket.on("end", () => socket.end());
    if (request.url === "/released") carrier.release(request.socket);
  });
  const clients = [await pair.connect(), await pair.connect()];
  for (const [index, client] of clients.entries()) {
    client.send(get(index === 0 ? "/kept" : "/released", "Connection: Upgrade", "Upgrade: echo"));
    assert.equal((await client.response()).status, 101);
  }
  assert.deepEqual([upgraded, carrier.open], [2, 1]);
  await pair.begin(pair.a, pair.b);
  assert.deepEqual(moveNow(pair.a, pair.b), []);
  for (const client of clients) {
    client.send("still here");
    await client.text("still here");
  }
  carrier.cut();
  const [kept, released] = clients;
  await kept?.end();
  released?.send("and here");
  await released?.text("and here");
  assert.equal(carrier.counters.cut, 1);
});

test("without a peer each connection gets Connection: close with its next answer, not before", async () => {
  await using pair = await Pair.open();
  const client = await pair.connect();
  await client.get("/");
  pair.a.carrier.beginDrain();
  pair.a.carrier.stopMoving();
  assert.deepEqual(pair.a.carrier.freeze(50), []);
  const { headers, body } = await client.get("/last");
  assert.deepEqual([body, headers.get("connection")], ["/last", "close"]);
  await client.end();
  await until("it is gone", () => pair.a.carrier.open === 0);
});

test("an answer not begun yet says Connection: close when the peer goes, unless others wait behind it", async () => {
  const finish: (() => void)[] = [];
  await using pair = await Pair.open((request, response) => {
    finish.push(() => response.end(request.url));
  });
  const [single, pipelined] = [await pair.connect(), await pair.connect()];
  single.send(get("/single"));
  pipelined.send(get("/1") + get("/2"));
  await until("all are in flight", () => finish.length === 3);
  pair.a.carrier.beginDrain();
  pair.a.carrier.stopMoving();
  for (const one of finish) one();
  assert.equal((await single.response()).headers.get("connection"), "close");
  await single.end();
  for (const path of ["/1", "/2"]) assert.equal((await pipelined.response()).body, path);
  assert.equal(pipelined.ended, false);
});

test("a server that drains takes no new connections, and does again once it listens", async () => {
  await using pair = await Pair.open();
  await pair.upgrade(pair.a, pair.b);
  assert.equal((await (await pair.connect()).get("/")).headers.get("x-side"), "b");
  await pair.upgrade(pair.b, pair.a);
  pair.a.carrier.stopMoving();
  await pair.listen(pair.b);
  pair.a.carrier.beginDrain();
  await pair.listen(pair.a);
  pair.b.carrier.beginDrain();
  const client = await pair.connect();
  const { headers } = await client.get("/");
  assert.deepEqual([headers.get("x-side"), headers.get("connection")], ["a", "keep-alive"]);
});

test("a request that the app refuses to read is answered and its connection goes over", async () => {
  await using pair = await Pair.open((request, response) => response.end(request.url));
  const client = await pair.connect();
  client.send(`${post("/unread", "Content-Length: 5")}12345`);
  assert.equal((await client.response()).body, "/unread");
  await pair.upgrade(pair.a, pair.b);
  assert.equal((await client.get("/next")).body, "/next");
});

test("Node's own agent keeps its connection over an upgrade", async () => {
  await using pair = await Pair.open();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (path: string): Promise<string> =>
    deadline(
      path,
      new Promise((resolve, reject) => {
        const request = fetchOnce({ port: pair.port, host: "127.0.0.1", path, agent }, (response) => {
          response.resume();
          response.on("end", () => resolve(`${response.headers["x-side"]} ${request.reusedSocket}`));
        });
        request.on("error", reject);
      }),
    );
  assert.equal(await ask("/"), "a false");
  await pair.upgrade(pair.a, pair.b);
  assert.equal(await ask("/"), "b true");
  agent.destroy();
});

test("a request whose head or body is still coming counts as in flight while it drains", async () => {
  await using pair = await Pair.open();
  const [head, body, unused, idle] = [
    await pair.connect(),
    await pair.connect(),
    await pair.connect(),
    await pair.connect(),
  ];
  await idle.get("/idle");
  unused.send("");
  body.send("POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab");
  head.send("GET /late HTTP/1.1\r\nHo");
  const { carrier } = pair.a;
  carrier.beginDrain();
  await until("both are in flight", () => carrier.counters.inFlight === 2);
  moveNow(pair.a, pair.b);
  assert.deepEqual([carrier.open, carrier.counters.inFlight], [2, 2]);
  head.send("st: x\r\n\r\n");
  body.send("cd");
  assert.deepEqual([(await head.response()).body, (await body.response()).body], ["/late", "/early 4"]);
  await until("none is in flight", () => carrier.counters.inFlight === 0);
});
