import assert from "node:assert/strict";
import { test } from "node:test";
import { DEADLINE_MS, waitUntil } from "../../../../harness/container/wait-until.js";
import { until } from "../tcp/rig.js";
import { elapse } from "./deadline.js";
import { moveNow, Pair, type Side } from "./pair.js";
import { get } from "./raw-client.js";

const soon = { dormantAfterMs: 20 };

/** Whether the server has a socket for each connection that it counts. */
function untilAsleep({ last }: Side): Promise<unknown> {
  return waitUntil("its socket to be gone", DEADLINE_MS, () => last()?.destroyed === true);
}

test("an idle connection has no socket after a while, counts as open, and answers, again and again", async () => {
  await using pair = await Pair.open(undefined, undefined, soon);
  const client = await pair.connect();
  for (const path of ["/0", "/1", "/2"]) {
    assert.equal((await client.get(path)).body, path);
    await untilAsleep(pair.a);
    const { open, accepted, adopted, moved, finished } = pair.a.carrier.counters;
    assert.deepEqual(
      { open, accepted, adopted, moved, finished },
      { open: 1, accepted: 1, adopted: 0, moved: 0, finished: 0 },
    );
    assert.equal(
      await new Promise((resolve) => pair.a.server.getConnections((_, count) => resolve(count))),
      1,
    );
  }
  client.socket.end();
  await until("none is open", () => pair.a.carrier.open === 0);
});

test("one that has not sent anything yet goes to sleep, too, and answers", async () => {
  await using pair = await Pair.open(undefined, undefined, soon);
  const client = await pair.connect();
  await until("it is accepted", () => pair.a.carrier.open === 1);
  await untilAsleep(pair.a);
  assert.equal((await client.get("/first")).body, "/first");
});

test("one with a request that is read or answered stays awake, however long that takes", async () => {
  const responses: (() => void)[] = [];
  await using pair = await Pair.open(
    (_, response) => responses.push(() => response.end("late")),
    undefined,
    soon,
  );
  const [answered, read] = [await pair.connect(), await pair.connect()];
  answered.send(get("/slow"));
  read.send("GET /dribble HTTP/1.1\r\n");
  const idle = await pair.connect();
  await until("all are accepted", () => pair.a.carrier.open === 3);
  // The third has slept when the first two could have.
  await untilAsleep(pair.a);
  responses.shift()?.();
  assert.equal((await answered.response()).body, "late");
  read.send("Host: x\r\n\r\n");
  await until("it is asked", () => responses.length === 1);
  responses.shift()?.();
  assert.equal((await read.response()).body, "late");
  assert.equal(idle.ended, false);
});

test("its keep-alive timeout goes on while it sleeps", async () => {
  await using pair = await Pair.open(undefined, { keepAliveTimeout: 1 }, soon);
  const client = await pair.connect();
  await client.get("/");
  await untilAsleep(pair.a);
  await client.end();
  await until("none is open", () => pair.a.carrier.open === 0);
});

test("one that sleeps moves, and one that is to move does not go to sleep", async () => {
  await using pair = await Pair.open(undefined, undefined, soon);
  const [asleep, awake] = [await pair.connect(), await pair.connect()];
  await asleep.get("/");
  await untilAsleep(pair.a);
  await awake.get("/");
  pair.a.carrier.beginDrain();
  await until("both have moved", () => moveNow(pair.a, pair.b).length >= 0 && pair.a.carrier.open === 0);
  assert.deepEqual([(await asleep.get("/a")).body, (await awake.get("/b")).body], ["/a", "/b"]);
  assert.equal(pair.a.carrier.counters.moved, 2);
});

test("its keep-alive timeout begins at the end of a response, however long that took", async () => {
  const answers: (() => void)[] = [];
  await using pair = await Pair.open(
    ({ url }, response) => answers.push(() => response.end(url)),
    { keepAliveTimeout: 1_000 },
    soon,
  );
  const client = await pair.connect();
  client.send(get("/long"));
  await until("it is asked", () => answers.length === 1);
  // Longer than the timeout and Node's second.
  await elapse(2_300);
  answers.shift()?.();
  await client.response();
  await untilAsleep(pair.a);
  await elapse(300);
  client.send(get("/again"));
  await until("it is asked again", () => answers.length === 1);
  answers.shift()?.();
  assert.equal((await client.response()).body, "/again");
});
