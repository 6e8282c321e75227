import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../tcp/rig.js";
import { moveNow, Pair, untilRead } from "./pair.js";
import { get, post } from "./raw-client.js";

test("a connection whose request is being answered stays until the answer is out, then goes over", async () => {
  let finish = (): void => undefined;
  await using pair = await Pair.open((request, response) => {
    if (request.url === "/slow") finish = () => response.end("slow");
    else response.end("quick");
  });
  const client = await pair.connect();
  client.send(get("/slow"));
  await until("it is in flight", () => pair.a.carrier.counters.inFlight === 1);
  await pair.begin(pair.a, pair.b);
  assert.deepEqual(pair.a.carrier.freeze(50), []);
  finish();
  const { headers, body } = await client.response();
  assert.deepEqual([body, headers.get("x-side"), headers.get("connection")], ["slow", "a", "keep-alive"]);
  await until("it has moved", () => pair.a.carrier.open === 0);
  assert.equal((await client.get("/")).headers.get("x-side"), "b");
});

test("nginx: pipelined requests are all answered where they were read", async () => {
  const waiting: (() => void)[] = [];
  await using pair = await Pair.open((request, response) => {
    waiting.push(() => response.end(request.url));
  });
  const client = await pair.connect();
  client.send(["/1", "/2", "/3"].map((path) => get(path)).join(""));
  await until("all are in flight", () => waiting.length === 3);
  await pair.begin(pair.a, pair.b);
  // The last answer is ready first, and waits for the others.
  for (const finish of waiting.splice(0).reverse()) {
    finish();
    await until("it had its chance to move", () => moveNow(pair.a, pair.b).length === 0);
  }
  for (const path of ["/1", "/2", "/3"]) {
    const { body, headers } = await client.response();
    assert.deepEqual([body, headers.get("x-side")], [path, "a"]);
  }
  await until("it has moved", () => pair.a.carrier.open === 0);
});

test("a head that has begun is finished where it began, however it dribbles", async () => {
  await using pair = await Pair.open();
  const client = await pair.connect();
  await client.get("/");
  const before = pair.a.last()?.bytesRead ?? 0;
  const head = get("/dribbled");
  for (let length = 1; length < head.length; length++) {
    client.send(head.slice(length - 1, length));
    await untilRead(pair.a, length, before);
    assert.deepEqual(pair.a.carrier.freeze(50), []);
  }
  await pair.begin(pair.a, pair.b);
  client.send(head.slice(-1));
  const { body, headers } = await client.response();
  assert.deepEqual([body, headers.get("x-side")], ["/dribbled", "a"]);
  await until("it has moved", () => pair.a.carrier.open === 0);
});

for (const [name, fields, parts] of [
  ["slow", ["Content-Length: 6"], ["ab", "cd", "ef"]],
  ["chunked", ["Transfer-Encoding: chunked"], ["3\r\nab", "c\r\n3\r\n", "def\r\n0\r\n", "\r\n"]],
] as const) {
  test(`a ${name} upload arrives whole where it began, then the connection goes over`, async () => {
    await using pair = await Pair.open();
    const client = await pair.connect();
    client.send(post("/up", ...fields));
    await until("it is in flight", () => pair.a.carrier.counters.inFlight === 1);
    await pair.begin(pair.a, pair.b);
    for (const part of parts) {
      assert.deepEqual(pair.a.carrier.freeze(50), []);
      client.send(part);
    }
    const { body, headers } = await client.response();
    assert.deepEqual([body, headers.get("x-side")], ["/up 6", "a"]);
    await until("it has moved", () => pair.a.carrier.open === 0);
    assert.equal((await client.get("/")).headers.get("x-side"), "b");
  });
}

test("an upload that waits for 100 Continue gets it and is taken where it began", async () => {
  await using pair = await Pair.open();
  const client = await pair.connect();
  client.send(post("/up", "Content-Length: 4", "Expect: 100-continue"));
  assert.equal((await client.response()).status, 100);
  await pair.begin(pair.a, pair.b);
  assert.deepEqual(pair.a.carrier.freeze(50), []);
  client.send("body");
  assert.equal((await client.response()).body, "/up 4");
  await until("it has moved", () => pair.a.carrier.open === 0);
});

test("an answer before the end of the upload does not let the upload's rest go over as a request", async () => {
  await using pair = await Pair.open((request, response) => response.end(request.url));
  const client = await pair.connect();
  const upload = get("/smuggled");
  client.send(post("/early", `Content-Length: ${upload.length}`));
  assert.equal((await client.response()).body, "/early");
  await pair.begin(pair.a, pair.b);
  assert.deepEqual(pair.a.carrier.freeze(50), []);
  client.send(upload);
  await until("it has moved", () => pair.a.carrier.open === 0);
  assert.equal((await client.get("/next")).body, "/next");
  assert.equal(pair.a.carrier.counters.requests + pair.b.carrier.counters.requests, 2);
});
