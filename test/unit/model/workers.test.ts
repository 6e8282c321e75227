import assert from "node:assert/strict";
import { test } from "node:test";
import { backoffMs } from "../../../src/lib/backoff.js";
import { nextDeadline } from "../../../src/model/deadlines.js";
import { describeExit } from "../../../src/model/workers.js";
import { failure, processOf, readyTimeoutMs } from "./sample.js";
import { Story } from "./story.js";

test("the wait before a crashed worker starts again doubles from 100 ms to 30 s", () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 1_000].map(backoffMs);
  assert.deepEqual(waits, [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000, 30_000]);
});

test("a crashed worker of the active generation is replaced in its place, by the same generation", () => {
  const story = new Story().start().exit(1, 1);
  assert.deepEqual(story.run(1, 1), { phase: "waiting", until: story.now + 100 });
  assert.equal(nextDeadline(story.state), story.now + 100);
  story.after(99);
  assert.deepEqual(story.did("spawn"), []);
  story.after(1);
  assert.deepEqual(story.did("spawn"), [{ type: "spawn", generation: 1, index: 1 }]);
  story.spawnAll().ready(1, 1);
  assert.equal(story.run(1, 1).phase, "ready");
  assert.equal(nextDeadline(story.state), undefined);
});

test("crashes in a row wait longer, and a minute up makes them forgotten", () => {
  const story = new Story().start({ workers: 1 });
  for (const wait of [100, 200, 400]) {
    story.exit(1, 0);
    assert.deepEqual(story.run(1, 0), { phase: "waiting", until: story.now + wait });
    story.after(wait).spawnAll().ready(1, 0).pass(59_999);
  }
  story.pass(1).exit(1, 0);
  assert.deepEqual(story.run(1, 0), { phase: "waiting", until: story.now + 100 });
});

test("a worker that cannot be spawned is tried again with backoff", () => {
  const story = new Story().start({ workers: 1 }).exit(1, 0).after(100);
  story.send({ type: "spawn-failed", generation: 1, index: 0, failure: failure("spawn-failed") });
  assert.deepEqual(story.run(1, 0), { phase: "waiting", until: story.now + 200 });
});

test("a replacement that is not ready in time is killed and replaced", () => {
  const story = new Story().start({ workers: 1 }).exit(1, 0).after(100).spawnAll().after(readyTimeoutMs);
  assert.deepEqual(
    story.did("kill").map(({ generation }) => generation),
    [1],
  );
  assert.equal(nextDeadline(story.state), undefined);
  story.exit(1, 0);
  assert.equal(story.run(1, 0).phase, "waiting");
});

test("with `after` a worker is ready once it has lived that long", () => {
  const rule = { when: "after", afterMs: 2_000 } as const;
  const story = new Story().begin();
  story.candidate({ workers: 1, ready: { rule, timeoutMs: readyTimeoutMs } }).after(1_999);
  assert.equal(story.active, undefined);
  story.after(1);
  assert.equal(story.active, 1);
});

test("with a ready command it is run for each worker", () => {
  const rule = { when: "command", command: ["curl"] } as const;
  const story = new Story().begin();
  story.candidate({ workers: 1, ready: { rule, timeoutMs: readyTimeoutMs } });
  assert.deepEqual(
    story.did("await-ready").map(({ index }) => index),
    [0],
  );
});

test("a candidate that is ready when the tick for its timeout comes late is not aborted", () => {
  const rule = { when: "after", afterMs: 2_000 } as const;
  const story = new Story().begin();
  story.candidate({ ready: { rule, timeoutMs: readyTimeoutMs } }).after(3 * readyTimeoutMs);
  assert.equal(story.active, 1);
});

test("a process that nobody waits for any more is killed before it runs", () => {
  const story = new Story().start().request().candidate().exit(2, 0);
  story.send({ type: "spawned", generation: 2, index: 0, process: processOf(999) });
  assert.deepEqual(
    story.actions.map(({ type }) => type),
    ["kill", "forget"],
  );
});

test("words of another process than the worker's are not heard", () => {
  const story = new Story().start({ workers: 1 }).exit(1, 0).after(100).spawnAll();
  const before = story.state;
  story.send({ type: "worker-ready", generation: 1, index: 0, pid: 3 });
  story.send({ type: "worker-status", generation: 1, index: 0, pid: 3, text: "mine" });
  story.send({ type: "worker-exited", generation: 1, index: 0, pid: 3, exit: { code: 0, signal: null } });
  story.send({ type: "worker-ready", generation: 9, index: 0, pid: 3 });
  assert.deepEqual(story.state, before);
});

test("a worker's STATUS is kept until it is replaced", () => {
  const story = new Story().start({ workers: 1 });
  const pid = story.pidOf(1, 0) ?? 0;
  story.send({ type: "worker-status", generation: 1, index: 0, pid, text: "12 clients" });
  assert.equal(story.generation(1).workers[0]?.status, "12 clients");
  story.exit(1, 0);
  assert.equal(story.generation(1).workers[0]?.status, null);
});

test("what a worker said last before it failed to start is in the reason", () => {
  const story = new Story().start().request().candidate();
  const pid = story.pidOf(2, 0) ?? 0;
  story.send({ type: "worker-status", generation: 2, index: 0, pid, text: "no database (errno 2)" });
  story.exit(2, 0);
  assert.match(story.lastOutcome?.failure?.message ?? "", /before it was ready, and said last: no database/);
});

test("how a worker ended is told in words", () => {
  assert.equal(describeExit({ code: 3, signal: null }), "exited with status 3");
  assert.equal(describeExit({ code: null, signal: "SIGSEGV" }), "was ended by SIGSEGV");
  assert.match(describeExit({ code: null, signal: null }), /status unknown/);
});

test("a worker whose process ends while it drains goes on as another one of its group, until the deadline", () => {
  const story = new Story().start({ workers: 1 }).request().candidate({ workers: 1 }).allReady();
  const left = processOf(900);
  const exit = { code: null, signal: "SIGTERM" };
  const ends = (pid: number | undefined): Story =>
    story.send({ type: "worker-exited", generation: 1, index: 0, pid: pid ?? 0, exit, left });
  ends(story.pidOf(1, 0));
  assert.equal(story.pidOf(1, 0), 900);
  assert.deepEqual(
    story.did("follow").map(({ process }) => process),
    [left],
  );
  assert.deepEqual(story.did("forget"), []);
  story.exit(1, 0, 0);
  assert.deepEqual(
    story.state.generations.map(({ id }) => id),
    [2],
  );
});

test("what a worker of the active generation leaves behind when it ends takes no part", () => {
  const story = new Story().start({ workers: 1 });
  const exit = { code: 0, signal: null };
  const pid = story.pidOf(1, 0) ?? 0;
  story.send({ type: "worker-exited", generation: 1, index: 0, pid, exit, left: processOf(900) });
  assert.equal(story.run(1, 0).phase, "waiting");
  assert.equal(story.did("forget").length, 1);
});
