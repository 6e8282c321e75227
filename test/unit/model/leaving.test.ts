import assert from "node:assert/strict";
import { test } from "node:test";
import { nextDeadline } from "../../../src/model/deadlines.js";
import { summarize } from "../../../src/model/view.js";
import { killMs, processOf, drainTimeoutMs as timeoutMs } from "./sample.js";
import { Story } from "./story.js";

/** Two native workers, of which the first was told to end by somebody else. */
function tellFirst(strategy: "overlap" | "exclusive" = "overlap"): Story {
  const story = new Story().start({ strategy });
  story.send({ type: "verified", generation: 1, failure: null, noWayBack: null });
  for (const index of [0, 1]) story.send({ type: "worker-native", generation: 1, index, protocol: 3 });
  return leave(story);
}

function leave(story: Story, index = 0): Story {
  return story.send({ type: "worker-leaving", generation: 1, index, pid: story.pidOf(1, index) ?? 0 });
}

/** Who is asked to go, and to whom each hands over, by index. */
function handOversIn(story: Story): number[][][] {
  return story
    .did("terminate")
    .map(({ slots, to }) => [slots, to].map((all) => all.map(({ index }) => index)));
}

/** Who is let to accept, and after whom, by index. */
function heirsIn(story: Story): number[][][] {
  return story
    .did("activate")
    .map(({ slots, after }) => [slots.map(({ index }) => index), after.map(({ index }) => index)]);
}

test("a worker that somebody else tells to end serves on until another one of its generation is ready in its place", () => {
  const story = tellFirst();
  assert.deepEqual(story.did("spawn"), [{ type: "spawn", generation: 1, index: 2 }]);
  assert.deepEqual(leave(story).did("spawn"), []);
  story.spawnAll();
  assert.equal(story.run(1, 0).phase, "ready");
  assert.deepEqual(story.did("terminate"), []);
  story.ready(1, 2);
  const [order] = story.did("terminate");
  assert.deepEqual([order?.slots.map(({ index }) => index), order?.to.map(({ index }) => index)], [[0], [2]]);
  assert.equal(order?.insist, false);
  assert.match(summarize(story.state), /2 workers ready/);
  story.exit(1, 0, 0);
  assert.deepEqual(
    story.generation(1).workers.map(({ index, run }) => [index, run.phase]),
    [
      [1, "ready"],
      [2, "ready"],
    ],
  );
  assert.equal(story.generation(1).deaths, 0);
});

test("it has drain.timeout, then SIGTERM again, then SIGKILL, and nothing wakes up after that", () => {
  const story = tellFirst().spawnAll().ready(1, 2);
  const slots = [{ generation: 1, index: 0 }];
  story.send({ type: "signalled", slots, plain: [] });
  assert.equal(nextDeadline(story.state), story.now + timeoutMs);
  story.after(timeoutMs);
  assert.equal(story.did("terminate")[0]?.insist, true);
  story.after(killMs);
  assert.equal(story.did("kill")[0]?.index, 0);
  assert.equal(nextDeadline(story.state), undefined);
  assert.equal(story.active, 1);
});

test("with one writer the one that takes its place accepts when it has let go", () => {
  const story = tellFirst("exclusive").spawnAll().ready(1, 2);
  assert.deepEqual(heirsIn(story), [[[2], [0]]]);
});

test("with one writer the one that takes its place accepts also when it has ended before anybody asked it to hand over", () => {
  const story = tellFirst("exclusive").spawnAll();
  story.send({ type: "worker-native", generation: 1, index: 2, protocol: 3 });
  story.exit(1, 0, 0);
  assert.deepEqual(heirsIn(story), [[[2], []]]);
  assert.deepEqual(tellFirst("exclusive").spawnAll().ready(1, 2).exit(1, 0, 0).did("activate"), []);
});

test("with one writer the one that takes its place accepts also where its generation is held for a trial", () => {
  const trial = { strategy: "overlap", trial: { timeMs: 60_000, share: null } } as const;
  const beside = (): Story => tellFirst("exclusive").spawnAll().request().candidate(trial);
  const bring = (story: Story): Story => story.ready(2, 0).ready(2, 1);
  const relieved = bring(beside()).ready(1, 2);
  assert.equal(relieved.generation(1).stage.phase, "held");
  assert.deepEqual(heirsIn(relieved), [[[2], [0]]]);
  const ended = bring(beside()).exit(1, 0, 0);
  assert.deepEqual(heirsIn(ended), [[[2], []]]);
});

test("with one writer the next daemon does not let the one that takes its place accept before", () => {
  const story = tellFirst("exclusive").spawnAll();
  const alive = story.generation(1).workers.map(({ index }) => ({
    generation: 1,
    index,
    process: processOf(story.pidOf(1, index) ?? 0),
  }));
  story.send({ type: "recovered", alive, unconnected: [], snapshots: [], wanted: false });
  assert.deepEqual(
    story.did("activate").flatMap(({ slots }) => slots.map(({ index }) => index)),
    [0, 1],
  );
});

test("one that dies before the other is ready is not replaced twice", () => {
  const story = tellFirst().exit(1, 0);
  assert.deepEqual(
    story.generation(1).workers.map(({ index, run }) => [index, run.phase]),
    [
      [1, "ready"],
      [2, "spawning"],
    ],
  );
});

test("where the one that takes its place is told to end, too, the next one takes both places", () => {
  const story = leave(tellFirst().spawnAll(), 2);
  assert.deepEqual(story.did("spawn"), [{ type: "spawn", generation: 1, index: 3 }]);
  const both = leave(tellFirst().spawnAll(), 2).spawnAll().ready(1, 3);
  assert.deepEqual(handOversIn(both), [
    [[0], [3]],
    [[2], [3]],
  ]);
  story.exit(1, 2, 0).spawnAll().ready(1, 3);
  assert.deepEqual(handOversIn(story), [[[0], [3]]]);
  assert.equal(story.exit(1, 0, 0).generation(1).workers.length, 2);
});

test("with one writer the one that only stands by goes at once, and nobody accepts before the one that writes has let go", () => {
  const story = leave(tellFirst("exclusive").spawnAll(), 2);
  assert.deepEqual([handOversIn(story), heirsIn(story).flatMap(([slots]) => slots)], [[[[2], []]], []]);
  story.send({ type: "signalled", slots: [{ generation: 1, index: 2 }], plain: [] });
  story.exit(1, 2, 0).spawnAll();
  assert.deepEqual(story.did("activate"), []);
  story.ready(1, 3);
  assert.deepEqual([heirsIn(story), handOversIn(story)], [[[[3], [0]]], [[[0], [3]]]]);
});

test("no worker gets the number of one that somebody still drains for", () => {
  const story = leave(tellFirst().spawnAll().ready(1, 2), 2).spawnAll().ready(1, 3).exit(1, 2, 0);
  leave(story, 1);
  assert.deepEqual(
    story.did("spawn").map(({ index }) => index),
    [4],
  );
});

test("an upgrade meanwhile names the new generation to it, too, and asks it for no haste", () => {
  const story = tellFirst().spawnAll().ready(1, 2);
  story.send({ type: "signalled", slots: [{ generation: 1, index: 0 }], plain: [] });
  story.request().candidate().allReady();
  assert.equal(story.active, 2);
  const orders = story.did("terminate");
  const asked = orders.flatMap(({ slots }) => slots.map(({ index }) => index));
  assert.deepEqual(asked, [1, 2, 0]);
  assert.ok(orders.every(({ insist, to }) => !insist && to.every(({ generation }) => generation === 2)));
  assert.equal(story.run(1, 0).phase, "draining");
});

test("a worker that the daemon itself has signalled gets the signal again, and is not replaced", () => {
  const story = new Story().start().request().candidate().allReady();
  story.send({ type: "signalled", slots: [{ generation: 1, index: 0 }], plain: [] });
  leave(story);
  assert.equal(story.did("terminate")[0]?.insist, true);
  assert.deepEqual(story.did("spawn"), []);
});
