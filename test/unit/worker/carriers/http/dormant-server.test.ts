import assert from "node:assert/strict";
import { createServer } from "node:http";
import { connect, type Server } from "node:net";
import { test } from "node:test";
import { until } from "../tcp/rig.js";
import { turn } from "./deadline.js";
import { countConnections, moveSilently } from "./move-silently.js";
import { moveNow, Pair } from "./pair.js";
import { get } from "./raw-client.js";

/*
 * What a server with dormant connections is to its app: what Node's own is.
 */

function countCloses(server: Server): () => number {
  let closes = 0;
  server.on("close", () => {
    closes += 1;
  });
  return () => closes;
}

function spin(forMs: number): void {
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs);
}

test("a server tells of its close once, however often it is asked for what it has", async () => {
  await using pair = await Pair.open();
  await pair.listen(pair.b);
  const closes = countCloses(pair.b.server);
  pair.b.carrier.beginDrain();
  for (let asked = 0; asked < 3; asked += 1) {
    assert.deepEqual(pair.b.carrier.freeze(1), []);
    pair.b.server.closeIdleConnections();
    pair.b.carrier.cut();
    await turn();
  }
  assert.equal(closes(), 1);
});

test("a server that is closed tells so once the last of those that wake up has ended", async () => {
  await using pair = await Pair.open();
  const { silent } = await moveSilently(pair, 0, { unused: 2 });
  const closes = countCloses(pair.b.server);
  pair.b.server.close();
  assert.equal((await silent[0]?.get("/"))?.body, "/");
  silent[1]?.socket.end();
  await until("one is left", () => pair.b.carrier.open === 1);
  assert.equal(closes(), 0);
  silent[0]?.socket.end();
  await until("it is closed", () => closes() > 0);
  await turn();
  assert.equal(closes(), 1);
});

test("one that wakes up is counted once, also while the app hears of it", async () => {
  await using pair = await Pair.open();
  const { clients } = await moveSilently(pair, 2);
  const counted: number[] = [];
  pair.b.server.on("connection", () => {
    pair.b.server.getConnections((_, count) => counted.push(count));
  });
  await clients[0]?.get("/");
  await until("it was counted", () => counted.length === 1);
  assert.deepEqual(counted, [2]);
});

test("one that comes in a drain is told of, and may move on at once", async () => {
  await using pair = await Pair.open();
  const client = await pair.connect();
  await client.get("/");
  const frozen = pair.a.carrier.freeze(1);
  await pair.listen(pair.b);
  pair.b.carrier.beginDrain();
  await turn();
  await turn();
  let changed = 0;
  pair.b.carrier.onChange(() => {
    changed += 1;
  });
  for (const one of frozen) pair.b.carrier.adopt(one);
  await turn();
  await turn();
  assert.equal(changed, 1);
  assert.equal(moveNow(pair.b, pair.a).length, 1);
  assert.equal((await client.get("/on")).body, "/on");
});

test("one that the app refuses in a drain is told of, too", async () => {
  await using pair = await Pair.open();
  const { clients } = await moveSilently(pair, 1);
  pair.b.carrier.beginDrain();
  let changed = 0;
  pair.b.carrier.onChange(() => {
    if (pair.b.carrier.open === 0) changed += 1;
  });
  pair.b.server.prependOnceListener("connection", () => {
    throw new Error("not this one");
  });
  clients[0]?.send(get("/"));
  await clients[0]?.end();
  await until("it is told of", () => changed > 0);
  assert.equal(await countConnections(pair.b.server), 0);
});

test("a request that came before the end of its time is answered, however late it is read", async () => {
  await using pair = await Pair.open(undefined, { keepAliveTimeout: 1 });
  const { clients } = await moveSilently(pair, 1);
  clients[0]?.send(get("/in-time"));
  // Nothing was looked at for longer than its time and Node's second.
  spin(1_200);
  assert.equal((await clients[0]?.response())?.body, "/in-time");
});

test("many that speak at once leave others their turns of the loop", async () => {
  const many = 40;
  await using pair = await Pair.open();
  const { clients } = await moveSilently(pair, many);
  let turns = 0;
  const inTurns = new Set<number>();
  let counting = true;
  const count = (): void => {
    turns += 1;
    if (counting) setImmediate(count);
  };
  count();
  pair.b.server.on("connection", () => {
    inTurns.add(turns);
    spin(1);
  });
  await Promise.all(clients.map((client) => client.get("/")));
  counting = false;
  assert.ok(inTurns.size >= many / 4, `${many} in ${inTurns.size} turns`);
});

/** What a client that has sent nothing gets, and of what the app hears, when the timeout of the server's is over first. */
async function hearSilence(server: Server, connectTo: number): Promise<readonly [string, readonly string[]]> {
  const heard: string[] = [];
  server.on("timeout", (socket) => {
    heard.push("timeout");
    socket.destroy();
  });
  server.on("clientError", () => heard.push("clientError"));
  let received = "";
  const client = connect(connectTo, "127.0.0.1");
  client.on("data", (bytes) => {
    received += bytes;
  });
  await new Promise((resolve) => client.on("close", resolve).on("error", () => {}));
  return [received, heard];
}

test("where the server's timeout is over first, one that has sent nothing ends as it does in Node", async () => {
  const plain = createServer();
  plain.timeout = 50;
  await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
  const address = plain.address();
  assert.ok(address !== null && typeof address === "object");
  const asInNode = await hearSilence(plain, address.port);
  plain.close();
  await using pair = await Pair.open();
  pair.b.server.timeout = 50;
  const heard: string[] = [];
  pair.b.server.on("timeout", (socket) => {
    heard.push("timeout");
    socket.destroy();
  });
  pair.b.server.on("clientError", () => heard.push("clientError"));
  const { silent } = await moveSilently(pair, 0, { unused: 1 });
  await silent[0]?.end();
  assert.deepEqual([silent[0]?.rest, heard], asInNode);
});
