import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../tcp/rig.js";
import { moveNow, Pair } from "./pair.js";
import { get } from "./raw-client.js";

test("an idle connection goes over and back and over, and answers each time", async () => {
  await using pair = await Pair.open();
  const client = await pair.connect();
  assert.equal((await client.get("/0")).headers.get("x-side"), "a");
  let [from, to] = [pair.a, pair.b];
  for (let round = 1; round <= 6; round++) {
    await pair.upgrade(from, to);
    const { body, headers } = await client.get(`/${round}`);
    assert.deepEqual([body, headers.get("x-side")], [`/${round}`, to.name]);
    [from, to] = [to, from];
  }
  const { accepted, adopted, moved, requests, cut, open, inFlight } = pair.a.carrier.counters;
  assert.deepEqual(
    { accepted, adopted, moved, requests, cut, open, inFlight },
    {
      accepted: 1,
      adopted: 3,
      moved: 3,
      requests: 4,
      cut: 0,
      open: 1,
      inFlight: 0,
    },
  );
  assert.equal(pair.b.carrier.counters.accepted, 0);
});

test("a connection that goes over and back without a request in between still answers", async () => {
  await using pair = await Pair.open();
  const client = await pair.connect();
  await client.get("/");
  for (let round = 0; round < 3; round++) {
    await pair.upgrade(pair.a, pair.b);
    await pair.upgrade(pair.b, pair.a);
  }
  assert.equal((await client.get("/again")).body, "/again");
});

test("a connection that has not sent anything yet goes over", async () => {
  await using pair = await Pair.open();
  const client = await pair.connect();
  await until("it is accepted", () => pair.a.carrier.open === 1);
  await pair.upgrade(pair.a, pair.b);
  await pair.upgrade(pair.b, pair.a);
  assert.equal((await client.get("/first")).headers.get("x-side"), "a");
});

test("a connection frozen and put back into its own server goes on", async () => {
  await using pair = await Pair.open();
  const client = await pair.connect();
  await client.get("/");
  pair.a.carrier.beginDrain();
  for (let round = 0; round < 3; round++) {
    await until("it can move", () => moveNow(pair.a, pair.a).length === 1);
    assert.equal((await client.get(`/${round}`)).body, `/${round}`);
  }
  assert.equal(pair.a.carrier.open, 1);
});

test("requests that are written at the very freeze are answered once, in order", async () => {
  await using pair = await Pair.open();
  const client = await pair.connect();
  await client.get("/");
  let [from, to] = [pair.a, pair.b];
  for (let round = 0; round < 20; round++) {
    const moving = pair.begin(from, to);
    const paths = [`/${round}/0`, `/${round}/1`, `/${round}/2`];
    for (const path of paths) client.send(get(path));
    await moving;
    for (const path of paths) assert.equal((await client.response()).body, path);
    await until("it has moved", () => from.carrier.open === 0);
    [from, to] = [to, from];
  }
  assert.equal(client.rest, "");
});

test("a stray CRLF between requests does not hold a connection back", async () => {
  await using pair = await Pair.open();
  const client = await pair.connect();
  await client.get("/");
  client.send("\r\n");
  await pair.upgrade(pair.a, pair.b);
  client.send("\r\n");
  await pair.upgrade(pair.b, pair.a);
  client.send(`\r\n${get("/crlf")}`);
  assert.equal((await client.response()).body, "/crlf");
});

test("HEAD and HTTP/1.0 with keep-alive leave a connection that goes over", async () => {
  await using pair = await Pair.open((request, response) => {
    response.writeHead(200, { "content-length": `${request.url}`.length });
    response.end(request.url);
  });
  const client = await pair.connect();
  client.send(get("/").replace("GET", "HEAD"));
  assert.equal((await client.response("HEAD")).status, 200);
  client.send("GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  assert.equal((await client.response()).headers.get("connection"), "keep-alive");
  await pair.upgrade(pair.a, pair.b);
  client.send("GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  assert.equal((await client.response()).headers.get("x-side"), "b");
});

test("what was read and written elsewhere comes first on the other side", async () => {
  await using pair = await Pair.open();
  const client = await pair.connect();
  await client.get("/");
  const [frozen] = pair.a.carrier.freeze(1);
  assert.ok(frozen);
  const input = Buffer.from(`${get("/1")}GET /2 HT`);
  pair.b.carrier.adopt({
    ...frozen,
    input,
    output: Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n/0"),
  });
  assert.deepEqual(pair.b.carrier.freeze(1), []);
  for (const path of ["/0", "/1"]) assert.equal((await client.response()).body, path);
  assert.deepEqual(pair.b.carrier.freeze(1), []);
  client.send("TP/1.1\r\nHost: x\r\n\r\n");
  assert.equal((await client.response()).body, "/2");
});

test("a connection does not go on while what was written elsewhere is still on its way to a slow reader", async () => {
  await using pair = await Pair.open();
  const client = await pair.connect();
  await client.get("/");
  client.socket.pause();
  const [frozen] = pair.a.carrier.freeze(1);
  assert.ok(frozen);
  const head = "HTTP/1.1 200 OK\r\nContent-Length: 8000000\r\n\r\n";
  pair.b.carrier.adopt({ ...frozen, output: Buffer.from(head + "x".repeat(8_000_000)) });
  assert.deepEqual(pair.b.carrier.freeze(1), []);
  client.socket.resume();
  assert.equal((await client.response()).body.length, 8_000_000);
  await until("it can move again", () => moveNow(pair.b, pair.a).length === 1);
  assert.equal((await client.get("/after")).headers.get("x-side"), "a");
});

test("the end of an answer is enough to move its connection: no timer is needed", async (t) => {
  const finish: (() => void)[] = [];
  await using pair = await Pair.open((_request, response) => {
    finish.push(() => response.end());
  });
  const client = await pair.connect();
  client.send(get("/"));
  await until("it is in flight", () => finish.length === 1);
  t.mock.timers.enable({ apis: ["setInterval"] });
  await pair.begin(pair.a, pair.b);
  assert.deepEqual(moveNow(pair.a, pair.b), []);
  for (const end of finish) end();
  await until("it has moved", () => pair.a.carrier.open === 0);
});
