import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../tcp/rig.js";
import { elapse } from "./deadline.js";
import { Pair } from "./pair.js";
import { get } from "./raw-client.js";

test("an idle connection taken in is not answered 408, however small the request timeouts are", async () => {
  await using pair = await Pair.openStrict();
  const [idle, witness] = [await pair.connect(), await pair.connect()];
  await idle.get("/");
  await pair.upgrade(pair.a, pair.b);
  // The timeouts have passed for sure when they have hit a head that began after the move.
  witness.send("GET / HTTP/1.1\r\n");
  await witness.text("408 Request Timeout");
  assert.deepEqual([idle.ended, idle.rest], [false, ""]);
  assert.equal((await idle.get("/after")).body, "/after");
});

test("a connection taken in before it sent anything is under the header timeout, as after accept", async () => {
  await using pair = await Pair.openStrict();
  const client = await pair.connect();
  await until("it is accepted", () => pair.a.carrier.open === 1);
  await pair.upgrade(pair.a, pair.b);
  await client.text("408 Request Timeout");
  assert.equal(pair.b.carrier.counters.adopted, 1);
});

test("a head that dribbles on after a move is under the header timeout", async () => {
  await using pair = await Pair.openStrict();
  const client = await pair.connect();
  await client.get("/");
  await pair.upgrade(pair.a, pair.b);
  client.send("GET / HTTP/1.1\r\n");
  await client.text("408 Request Timeout");
});

test("an idle connection taken in is closed after the keep-alive timeout", async () => {
  await using pair = await Pair.open(undefined, { keepAliveTimeout: 1 });
  const client = await pair.connect();
  await client.get("/");
  await pair.upgrade(pair.a, pair.b);
  await client.end();
  assert.equal(client.rest, "");
  await until("it is gone", () => pair.b.carrier.open === 0);
});

test("the keep-alive timeout of a connection taken in does not hit its next request", async () => {
  await using pair = await Pair.open(
    (request, response) => {
      if (request.url === "/") response.end();
      // Longer than the keep-alive timeout, to which Node adds a second.
      else setTimeout(() => response.end("slow"), 1_300);
    },
    { keepAliveTimeout: 1 },
  );
  const client = await pair.connect();
  await client.get("/");
  await pair.upgrade(pair.a, pair.b);
  client.send(get("/slow"));
  assert.equal((await client.response()).body, "slow");
});

test("a keep-alive timeout of zero keeps a connection taken in for good", async () => {
  await using pair = await Pair.openStrict({ keepAliveTimeout: 0 });
  const client = await pair.connect();
  await client.get("/");
  await pair.upgrade(pair.a, pair.b);
  await elapse(100);
  assert.equal((await client.get("/after")).body, "/after");
});

test("a server whose timeout the app has unset answers a connection taken in", async () => {
  await using pair = await Pair.open();
  for (const { server } of [pair.a, pair.b]) Reflect.set(server, "timeout", undefined);
  const client = await pair.connect();
  await client.get("/");
  await pair.upgrade(pair.a, pair.b);
  assert.equal((await client.get("/after")).body, "/after");
});
