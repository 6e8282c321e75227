import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { ServerOptions } from "node:http";
import type { Socket } from "node:net";
import { test } from "node:test";
import { countFds } from "../../../../harness/process/open-fds.js";
import { until } from "../tcp/rig.js";
import { elapse } from "./deadline.js";
import { countConnections, moveSilently } from "./move-silently.js";
import { Pair, type Side } from "./pair.js";
import { get } from "./raw-client.js";

/** The connections of which the app has been told. */
function countTold({ server }: Side): () => number {
  let told = 0;
  server.on("connection", () => {
    told += 1;
  });
  return () => told;
}

test("the app hears of a connection that has moved when its client speaks, and counts it from the move on", async () => {
  await using pair = await Pair.open();
  const told = countTold(pair.b);
  const { clients, silent } = await moveSilently(pair, 3, { unused: 2 });
  assert.equal(told(), 0);
  assert.equal(await countConnections(pair.b.server), 5);
  assert.deepEqual([pair.b.carrier.open, pair.b.carrier.counters.adopted], [5, 5]);
  assert.equal((await clients[1]?.get("/one"))?.headers.get("x-side"), "b");
  assert.equal((await silent[1]?.get("/two"))?.headers.get("x-side"), "b");
  assert.equal(told(), 2);
  assert.equal(await countConnections(pair.b.server), 5);
  const { open, adopted, accepted, requests } = pair.b.carrier.counters;
  assert.deepEqual({ open, adopted, accepted, requests }, { open: 5, adopted: 5, accepted: 0, requests: 2 });
});

test("maxConnections counts those of which the app has not heard yet", async () => {
  await using pair = await Pair.open();
  pair.b.server.maxConnections = 2;
  await moveSilently(pair, 2);
  const refused = await pair.connect();
  await refused.end();
  assert.deepEqual([pair.b.carrier.open, pair.b.carrier.counters.accepted], [2, 0]);
});

test("a request that came while nobody read is answered by the worker after the next", async () => {
  await using pair = await Pair.open();
  const { clients } = await moveSilently(pair, 1);
  const frozen = pair.b.carrier.freeze(1);
  assert.equal(frozen.length, 1);
  clients[0]?.send(get("/meanwhile"));
  await elapse(20);
  await pair.listen(pair.a);
  for (const one of frozen) pair.a.carrier.adopt(one);
  const response = await clients[0]?.response();
  assert.deepEqual([response?.body, response?.headers.get("x-side")], ["/meanwhile", "a"]);
});

test("thousands that nobody has used since they moved end with their clients, and leave no fd", async () => {
  await using pair = await Pair.open();
  const { clients } = await moveSilently(pair, 1_000);
  const told = countTold(pair.b);
  const before = countFds();
  // One half says goodbye, the other is gone.
  for (const [at, { socket }] of clients.entries()) {
    if (at % 2 === 0) socket.end();
    else socket.resetAndDestroy();
  }
  await until("none is open", () => pair.b.carrier.open === 0);
  assert.equal(await countConnections(pair.b.server), 0);
  assert.equal(told(), 0);
  for (const { socket } of clients) socket.destroy();
  await until("their fds are closed", () => countFds() <= before - 1_900);
});

test("a client that asks and ends what it sends at once is answered", async () => {
  await using pair = await Pair.open();
  const { clients } = await moveSilently(pair, 1);
  clients[0]?.socket.end(get("/last"));
  assert.equal((await clients[0]?.response())?.body, "/last");
});

test("close() of the app's ends those that are idle to Node, and waits for those that have not sent anything", async () => {
  await using pair = await Pair.open();
  const { clients, silent } = await moveSilently(pair, 2, { unused: 1 });
  const closed = once(pair.b.server, "close");
  pair.b.server.close();
  await Promise.all(clients.map((client) => client.end()));
  assert.deepEqual([silent[0]?.ended, pair.b.carrier.open], [false, 1]);
  pair.b.server.closeAllConnections();
  await silent[0]?.end();
  await closed;
  assert.equal(pair.b.carrier.open, 0);
});

test("a server that is closed has ended when its last connection, of which it has never heard, does", async () => {
  await using pair = await Pair.open();
  const { silent } = await moveSilently(pair, 0, { unused: 1 });
  const closed = once(pair.b.server, "close");
  pair.b.server.close();
  silent[0]?.socket.end();
  await closed;
});

test("what is cut counts as cut, and its client sees the end", async () => {
  await using pair = await Pair.open();
  const { clients } = await moveSilently(pair, 3);
  pair.b.carrier.cut();
  await Promise.all(clients.map((client) => client.end()));
  assert.deepEqual([pair.b.carrier.counters.cut, pair.b.carrier.open], [3, 0]);
});

test("in a drain without a peer it is told to close by its next response, and counts as finished", async () => {
  await using pair = await Pair.open();
  const { clients } = await moveSilently(pair, 2);
  pair.b.carrier.beginDrain();
  pair.b.carrier.stopMoving();
  assert.equal((await clients[0]?.get("/last"))?.headers.get("connection"), "close");
  clients[1]?.socket.end();
  await until("both are gone", () => pair.b.carrier.open === 0);
  assert.equal(pair.b.carrier.counters.finished, 2);
});

test("a child that is started meanwhile holds no connection open", async () => {
  await using pair = await Pair.open();
  const { clients } = await moveSilently(pair, 1);
  const child = spawn("/bin/sleep", ["60"]);
  try {
    await once(child, "spawn");
    pair.b.carrier.cut();
    await clients[0]?.end();
  } finally {
    child.kill();
  }
});

test("a listener of the app that throws closes the connection when its client speaks, and the next ones live", async () => {
  await using pair = await Pair.open();
  const { clients } = await moveSilently(pair, 2);
  pair.b.server.prependOnceListener("connection", () => {
    throw new Error("not this one");
  });
  clients[0]?.send(get("/"));
  await clients[0]?.end();
  await until("it is forgotten", () => pair.b.carrier.open === 1);
  assert.deepEqual(pair.b.problems, ["a connection was closed: not this one"]);
  assert.equal((await clients[1]?.get("/next"))?.body, "/next");
});

for (const [what, options, timeout] of [
  ["the keep-alive timeout", { keepAliveTimeout: 1 }, 0],
  ["the server's timeout, where there is none for keep-alive", { keepAliveTimeout: 0 }, 50],
] as const satisfies readonly (readonly [string, ServerOptions, number])[]) {
  test(`${what} ends a connection that has not been used since it moved`, async () => {
    await using pair = await Pair.open(undefined, options);
    pair.b.server.timeout = timeout;
    const told = countTold(pair.b);
    const { clients } = await moveSilently(pair, 2);
    await Promise.all(clients.map((client) => client.end()));
    await until("none is open", () => pair.b.carrier.open === 0);
    assert.equal(told(), 0);
  });

  test(`${what} is told to the app that listens for it, which decides`, async () => {
    await using pair = await Pair.open(undefined, options);
    pair.b.server.timeout = timeout;
    const heard: Socket[] = [];
    pair.b.server.on("timeout", (socket) => heard.push(socket));
    const { clients } = await moveSilently(pair, 1);
    await until("the app has heard", () => heard.length > 0);
    assert.equal((await clients[0]?.get("/spared"))?.body, "/spared");
  });
}
