import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { FeedReader } from "../../harness/process/feed-reader.js";
import { until } from "../control/rig.js";
import { startWeb } from "./rig.js";

test("who looks on is told who is there, then all that changes and all news", async (context) => {
  const { tcp, daemon } = await startWeb(context);
  const feed = new FeedReader(tcp);
  const { resumed, actions, token, csrf, user } = await feed.until("hello");
  assert.deepEqual([resumed, actions, token, csrf, user], [false, false, false, null, null]);
  await feed.until("instances", ({ instances }) => instances.some(({ status }) => status?.name === "web"));
  await until(() => daemon.listeners.size === 1);
  daemon.report_ = { ...daemon.report_, summary: "another" };
  daemon.tell({ message: "worker 8.0 is ready", generation: 8 });
  const { instance, news } = await feed.until("news");
  assert.deepEqual([instance, news.message], ["web", "worker 8.0 is ready"]);
  await feed.until("instances", ({ instances }) =>
    instances.some(({ status }) => status?.summary === "another"),
  );
  await feed.until("samples", ({ samples }) => (samples.at(-1)?.generations[0]?.requests ?? null) !== null);
  feed.close();
});

test("each daemon is asked once for all who look on, and not at all when nobody does", async (context) => {
  const { tcp, daemon } = await startWeb(context);
  const feeds = [new FeedReader(tcp), new FeedReader(tcp), new FeedReader(tcp)];
  await until(() => daemon.listeners.size > 0);
  daemon.tell({ message: "one" });
  for (const feed of feeds) await feed.until("news");
  await feeds[0]?.until(
    "samples",
    ({ samples }) => (samples.at(-1)?.generations[0]?.requests ?? null) !== null,
  );
  assert.equal(daemon.listeners.size, 1);
  for (const feed of feeds) feed.close();
  await until(() => daemon.listeners.size === 0);
});

test("who connects again with the last id misses nothing and reads nothing twice", async (context) => {
  const { tcp, daemon } = await startWeb(context);
  const other = new FeedReader(tcp);
  const first = new FeedReader(tcp);
  await until(() => daemon.listeners.size === 1);
  daemon.tell({ message: "one" });
  await first.until("news", ({ news }) => news.message === "one");
  const { lastId } = first;
  assert.ok(lastId !== undefined);
  first.close();
  daemon.tell({ message: "two" });
  await other.until("news", ({ news }) => news.message === "two");
  const again = new FeedReader(tcp, { "last-event-id": lastId });
  assert.equal((await again.until("hello")).resumed, true);
  daemon.tell({ message: "three" });
  await again.until("news", ({ news }) => news.message === "three");
  const told = again.told;
  assert.deepEqual(told, ["two", "three"]);

  const stranger = new FeedReader(tcp, { "last-event-id": "ffff-3" });
  assert.equal((await stranger.until("hello")).resumed, false);
  await stranger.until("news", ({ news }) => news.message === "three");
  const all = stranger.told;
  assert.deepEqual(all, ["one", "two", "three"]);
  for (const feed of [other, again, stranger]) feed.close();
});

test("nothing that an app says steers a terminal or turns a line", async (context) => {
  const { tcp, daemon } = await startWeb(context);
  const [generation] = daemon.report_.generations;
  assert.ok(generation !== undefined);
  daemon.report_ = { ...daemon.report_, generations: [{ ...generation, version: "\x1b[2J\u202e<b>" }] };
  const feed = new FeedReader(tcp);
  const { instances } = await feed.until("instances", ({ instances: all }) =>
    all.some(({ status }) => status !== null),
  );
  const web = instances.find(({ name }) => name === "web");
  assert.equal(web?.status?.generations[0]?.version, "?[2J?<b>");
  feed.close();
});

test("the end of the server is the end of a stream, after which a browser connects again", async (context) => {
  const { tcp, feeds } = await startWeb(context);
  const feed = new FeedReader(tcp);
  await feed.until("hello");
  feeds.onInstances([]);
  await feeds.end();
  await until(() => feed.ended);
  const late = new FeedReader(tcp);
  await until(() => late.ended);
});

test("who reads nothing is cut off, and what he does not read keeps no news from others", async (context) => {
  const { tcp, daemon } = await startWeb(context);
  const [stalled, reader] = [new FeedReader(tcp), new FeedReader(tcp)];
  for (const feed of [stalled, reader]) await feed.until("hello");
  await until(() => daemon.listeners.size === 1);
  stalled.stall();
  const long = "x".repeat(1_000_000);
  for (let count = 1; count <= 30; count++) {
    daemon.tell({ message: `${count} ${long}` });
    await reader.until("news", ({ news }) => news.message.startsWith(`${count} `));
  }
  stalled.goOn();
  await until(() => stalled.ended);
  assert.ok(stalled.told.length < 30);
  assert.equal(reader.told.length, 30);
  reader.close();
});

test("a daemon that does not answer keeps nobody from what the others say", async (context) => {
  const { tcp, socketPath } = await startWeb(context);
  const folder = join(dirname(dirname(socketPath)), "stuck");
  mkdirSync(folder);
  const taken = new Set<Socket>();
  const stuck = createServer((socket) => taken.add(socket.on("error", () => {})));
  await new Promise<void>((resolve) => stuck.listen(join(folder, "control.sock"), resolve));
  context.after(() => {
    stuck.close();
    for (const socket of taken) socket.destroy();
  });
  const feed = new FeedReader(tcp);
  const { instances } = await feed.until("instances", ({ instances: all }) => {
    return all.some(({ name, status }) => name === "web" && status !== null);
  });
  const one = instances.find(({ name }) => name === "stuck");
  assert.deepEqual([one?.status, one?.failure], [null, "it has not answered yet"]);
  await feed.until("instances", ({ instances: all }) =>
    all.some(({ failure }) => /no answer within/.test(failure ?? "")),
  );
  feed.close();
});
