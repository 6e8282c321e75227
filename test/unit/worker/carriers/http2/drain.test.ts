import assert from "node:assert/strict";
import { test } from "node:test";
import { closeFd, isOpen } from "../../../../../src/linux/fd.js";
import { openSocketPair } from "../../../../../src/linux/socket-pair.js";
import { elapse } from "../http/deadline.js";
import { until } from "../tcp/rig.js";
import { FrameClient } from "./frame-client.js";
import { largeBytes, openHttp2 } from "./rig.js";

const maximum = 2 ** 31 - 1;

async function openSession(port: number): Promise<FrameClient> {
  const client = await FrameClient.connect(port);
  client.begin();
  client.get(1, "/first");
  await client.untilBody(1, "answer to /first");
  return client;
}

test("a request that crosses the first GOAWAY is served, and only the answered ping brings the last one", async () => {
  await using rig = await openHttp2();
  using client = await openSession(rig.port);
  rig.carrier.beginDrain();
  await client.untilFirstGoAway();
  client.get(3, "/crossing");
  await client.untilBody(3, "answer to /crossing");
  assert.deepEqual(client.goAways, [maximum]);
  client.answerPing();
  await client.untilLastGoAway();
  assert.deepEqual(client.goAways.slice(0, 2), [maximum, 3]);
  client.socket.end();
  await rig.drained();
  const { accepted, requests, inFlight, cut } = rig.carrier.counters;
  assert.deepEqual({ accepted, requests, inFlight, cut }, { accepted: 1, requests: 2, inFlight: 0, cut: 0 });
});

test("streams that are open at a drain finish, however long they take", async () => {
  await using rig = await openHttp2();
  using client = await openSession(rig.port);
  client.get(3, "/held");
  await client.untilBody(3, "begun, ");
  rig.carrier.beginDrain();
  await client.untilFirstGoAway();
  client.answerPing();
  await client.untilLastGoAway();
  assert.deepEqual([rig.carrier.open, rig.carrier.counters.inFlight, client.ended], [1, 1, false]);
  rig.letGo();
  await client.untilBody(3, "begun, finished");
  await until("the server closes", () => client.ended);
  client.socket.end();
  await rig.drained();
  assert.deepEqual(client.of("RST_STREAM"), []);
});

test("nginx, the shutdown timeout of HTTP/2: a client that answers no ping keeps its session, and is served, until the deadline cuts it", async () => {
  await using rig = await openHttp2();
  using client = await openSession(rig.port);
  rig.carrier.beginDrain();
  await client.untilFirstGoAway();
  for (const stream of [3, 5]) {
    client.get(stream, `/${stream}`);
    await client.untilBody(stream, `answer to /${stream}`);
  }
  assert.deepEqual(client.goAways, [maximum]);
  rig.carrier.cut();
  await rig.drained();
  assert.equal(rig.carrier.counters.cut, 1);
});

test("a session that begins during a drain hears SETTINGS first, and its requests are served", async () => {
  await using rig = await openHttp2();
  using client = await FrameClient.connect(rig.port);
  await until("it is accepted", () => rig.carrier.open === 1);
  rig.carrier.beginDrain();
  client.begin();
  client.get(1, "/late");
  await client.untilBody(1, "answer to /late");
  await client.untilFirstGoAway();
  const [first] = client.frames;
  assert.equal(first?.type, "SETTINGS");
  client.answerPing();
  await client.untilLastGoAway();
});

test("a client that never closes does not hold up the drain once its session has ended", async () => {
  await using rig = await openHttp2();
  using client = await openSession(rig.port);
  rig.carrier.beginDrain();
  await client.untilFirstGoAway();
  client.answerPing();
  await until("the server closes", () => client.ended);
  assert.equal(client.socket.writable, true);
  await rig.drained();
  assert.deepEqual([rig.carrier.counters.finished, rig.carrier.counters.cut], [1, 0]);
});

test("a client that stopped reading in the middle of a response gets all of it, and the GOAWAYs behind it", async () => {
  await using rig = await openHttp2();
  using client = await openSession(rig.port);
  client.socket.pause();
  client.get(3, "/large");
  await until("it is asked for", () => rig.carrier.counters.inFlight > 0);
  rig.carrier.beginDrain();
  await elapse(100);
  assert.equal(client.goAways.length, 0);
  client.socket.resume();
  await client.untilFirstGoAway();
  client.answerPing();
  await client.untilLastGoAway();
  const received = client
    .of("DATA")
    .reduce((sum, { stream, payload }) => sum + (stream === 3 ? payload.length : 0), 0);
  assert.equal(received, largeBytes);
});

test("a drain calls back when the last connection is gone, and a second one changes nothing", async () => {
  await using rig = await openHttp2();
  using client = await openSession(rig.port);
  let openAtLast = -1;
  rig.carrier.onChange(() => {
    openAtLast = rig.carrier.open;
  });
  rig.carrier.beginDrain();
  rig.carrier.beginDrain();
  rig.carrier.stopMoving();
  assert.deepEqual(rig.carrier.freeze(50), []);
  await client.untilFirstGoAway();
  client.answerPing();
  await client.untilLastGoAway();
  client.socket.end();
  await until("it calls back", () => openAtLast === 0);
  assert.deepEqual(
    client.goAways.filter((last) => last === maximum),
    [maximum],
  );
});

test("a connection from elsewhere is refused, and closed", async () => {
  await using rig = await openHttp2();
  const [fd, peer] = openSocketPair("stream");
  const none = Buffer.alloc(0);
  assert.throws(() => rig.carrier.adopt({ fd, meta: {}, input: none, output: none }), {
    code: "cannot-adopt",
  });
  assert.equal(isOpen(fd), false);
  closeFd(peer);
});
