import assert from "node:assert/strict";
import { test } from "node:test";
import { hourMs, nothingSeen, take } from "../../../src/page/seen.js";
import type { FeedMessage } from "../../../src/web/feed.js";
import { sample } from "./values.js";

const samples = (...times: readonly number[]): FeedMessage => ({
  type: "samples",
  instance: "web",
  samples: times.map((at) => sample(at, { 1: at })),
});

const news = (at: number, message: string, instance = "web"): FeedMessage => ({
  type: "news",
  instance,
  at,
  news: { event: "x", level: "info", message },
});

const after = (...messages: readonly FeedMessage[]) => messages.reduce(take, nothingSeen);

test("a feed that begins anew takes nothing away, and what it says again is there once", () => {
  const seen = after(samples(1, 2, 3), samples(4), samples(2, 3, 4, 5));
  assert.deepEqual(
    seen.samples.get("web")?.map(({ at }) => at),
    [1, 2, 3, 4, 5],
  );
});

test("what is older than an hour is forgotten", () => {
  const seen = after(samples(1, 1_000), samples(hourMs + 500));
  assert.deepEqual(
    seen.samples.get("web")?.map(({ at }) => at),
    [1_000, hourMs + 500],
  );
});

test("news is told newest first, once, and of each instance apart", () => {
  const told = [news(1, "one"), news(3, "three"), news(2, "two"), news(3, "three"), news(1, "x", "other")];
  const seen = after(...told);
  assert.deepEqual(
    seen.news.get("web")?.map(({ news: { message } }) => message),
    ["three", "two", "one"],
  );
  assert.equal(seen.news.get("other")?.length, 1);
});

test("actions are offered to whom the server offers them", () => {
  const hello = { type: "hello", resumed: false, token: true, csrf: null, user: null, at: 1 } as const;
  assert.equal(after({ ...hello, actions: false }).actions, null);
  assert.deepEqual(after({ ...hello, actions: true }).actions, { token: true, csrf: null, user: null });
});
