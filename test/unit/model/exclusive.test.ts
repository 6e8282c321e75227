import assert from "node:assert/strict";
import { test } from "node:test";
import { commits } from "../../../src/model/commit.js";
import type { Plan } from "../../../src/model/plan.js";
import { viewService } from "../../../src/model/view.js";
import { bring, firstServes, judged, phases, told } from "./judged.js";
import { failure } from "./sample.js";
import type { Story } from "./story.js";

const exclusive: Partial<Plan> = { strategy: "exclusive", workers: 1 };

/** Generation 1 is plain, and has been told to make room for generation 2. */
function stepsAside(): Story {
  return firstServes(exclusive)
    .request()
    .candidate({ ...judged, ...exclusive, release: "/2" });
}

test("exclusive: a plain version ends before the next starts, which then serves as any other", () => {
  const story = stepsAside();
  assert.deepEqual(phases(story), ["1 draining", "2 candidate"]);
  assert.deepEqual([story.did("spawn"), story.active], [[], undefined]);
  story.end(1);
  assert.equal(story.did("spawn").length, 1);
  story.spawnAll().allReady();
  assert.deepEqual(phases(story), ["2 active probation"]);
  assert.deepEqual(told(story), ["upgrade done"]);
});

test("exclusive: what does not start after it is left for what ran before", () => {
  const story = stepsAside().end(1).spawnAll().exit(2, 0);
  assert.deepEqual(told(story), ["upgrade worker-exited"]);
  bring(story, "/1", exclusive);
  assert.deepEqual(phases(story), ["3 active proved"]);
  assert.deepEqual(told(story), ["upgrade worker-exited", "fallback done"]);
  assert.match(viewService(story.state).status, /what ran last serves: .*before it was ready/);
});

test("exclusive: what did not start in the place of another is not tried again by itself; an upgrade to the same does, for it may have lacked a database", () => {
  const failed = (): Story => {
    const story = stepsAside().end(1).spawnAll().exit(2, 0);
    return bring(story, "/1", exclusive);
  };
  assert.deepEqual(
    failed().state.rejected.map(({ generation, by, failure }) => [generation, by, failure.reason]),
    [[2, "start", "worker-exited"]],
  );
  const again = failed()
    .request()
    .candidate({ ...judged, ...exclusive, release: "/2" });
  assert.deepEqual(phases(again), ["3 draining", "4 candidate"]);
  again.end(3).spawnAll().allReady();
  assert.deepEqual([phases(again), again.state.rejected], [["4 active probation"], []]);
  const restarted = failed()
    .send({ type: "leave-requested", next: "upgrade" })
    .die()
    .candidate({ ...judged, ...exclusive, release: "/2" });
  assert.deepEqual([told(restarted).at(-1), restarted.state.upgrade?.kind], ["restart rejected", "fallback"]);
  // Nor is what a judge has seen serve badly.
  const bad = stepsAside().end(1).spawnAll().allReady();
  bad.send({ type: "judged-bad", generation: 2, why: "a judge says so" });
  bad
    .candidate({ ...judged, ...exclusive, release: "/1" })
    .end(2)
    .spawnAll()
    .allReady();
  const judgedBad = bad.request().candidate({ ...judged, ...exclusive, release: "/2" });
  assert.deepEqual([told(judgedBad).at(-1), phases(judgedBad)], ["upgrade rejected", ["3 active proved"]]);
  // What has served well before is not held to be bad: its surroundings may be.
  const same = firstServes(exclusive)
    .send({ type: "leave-requested", next: "upgrade" })
    .die()
    .candidate({ ...judged, ...exclusive, release: "/1" });
  assert.deepEqual(same.end(1).spawnAll().exit(2, 0).state.rejected, []);
});

test("exclusive: what ran before starts only when the one that failed has ended", () => {
  const story = stepsAside().end(1).spawnAll();
  story.after(30_000).send({ type: "examined", generation: 2, why: null });
  assert.deepEqual(told(story), ["upgrade start-timeout"]);
  story.candidate({ ...judged, ...exclusive, release: "/1" });
  assert.deepEqual([phases(story), story.did("spawn")], [["2 draining", "3 candidate"], []]);
  story.end(2);
  assert.equal(story.did("spawn").length, 1);
});

test("exclusive: what is judged bad ends before what was proved starts, and is known as left", () => {
  const story = stepsAside().end(1).spawnAll().allReady();
  story.send({ type: "judged-bad", generation: 2, why: "a judge says so" });
  story.candidate({ ...judged, ...exclusive, release: "/1" });
  assert.deepEqual(phases(story), ["2 draining", "3 candidate"]);
  story.end(2).spawnAll().allReady();
  assert.deepEqual(phases(story), ["3 active proved"]);
  assert.deepEqual([story.state.rolledBack?.from, story.state.rolledBack?.to], [2, 1]);
});

test("exclusive: a daemon that dies while one makes room goes on with it", () => {
  const before = stepsAside().die();
  assert.deepEqual(phases(before), ["1 draining", "2 candidate"]);
  const after = stepsAside().die([]);
  assert.deepEqual(phases(after), ["2 candidate"]);
  assert.equal(after.did("spawn").length, 1);
});

test("exclusive: to make room is a step that is not taken unless it is on disk", () => {
  const story = firstServes({ ...exclusive, snapshot: false }).request();
  const before = story.state;
  story.candidate({ ...judged, ...exclusive, snapshot: false, release: "/2" });
  assert.equal(commits(before, story.state), true);
  assert.equal(commits(story.state, story.send({ type: "tick" }).state), false);
});

test("exclusive: what cannot be written later ends the upgrade, and what ran before is started", () => {
  const story = stepsAside()
    .end(1)
    .send({ type: "persist-failed", failure: failure("state-unwritable") });
  assert.deepEqual(told(story), ["upgrade state-unwritable"]);
  assert.equal(story.state.upgrade?.kind, "fallback");
});

test("exclusive: a version stands by beside native workers only", () => {
  const staged = {
    type: "upgrade-requested",
    kind: "upgrade",
    hold: false,
    stage: true,
    force: false,
  } as const;
  const story = firstServes(exclusive).send(staged);
  story.candidate({ ...judged, ...exclusive, release: "/2" });
  assert.deepEqual(told(story), ["upgrade stage-exclusive"]);
  assert.equal(story.active, 1);
});

test("exclusive: after a drain by hand nobody is started beside what still drains", () => {
  const story = firstServes(exclusive).send({ type: "drain-requested" }).request();
  story.candidate({ ...judged, ...exclusive, release: "/2" });
  assert.deepEqual([phases(story), story.did("spawn")], [["1 draining", "2 candidate"], []]);
  story.end(1).spawnAll().allReady();
  assert.deepEqual(phases(story), ["2 active probation"]);
});
