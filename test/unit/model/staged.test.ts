import assert from "node:assert/strict";
import { test } from "node:test";
import { nextDeadline } from "../../../src/model/deadlines.js";
import { degradation, summarize } from "../../../src/model/view.js";
import { bring, firstServes, phases, told, trialMs } from "./judged.js";
import { failure, readyTimeoutMs } from "./sample.js";
import type { Story } from "./story.js";

const stage = { type: "upgrade-requested", kind: "upgrade", hold: false, stage: true, force: false } as const;

/** Generation 2 stands by beside generation 1. */
function staged(): Story {
  return bring(firstServes().send(stage), "/2");
}

function verified(story: Story, problem: "verify-failed" | null = null): Story {
  const why = problem === null ? null : failure(problem);
  return story.send({ type: "verified", generation: 2, failure: why, noWayBack: null });
}

test("a staged version stands by for as long as it takes, and its upgrade is done; the old one is told nothing", () => {
  const story = staged();
  assert.deepEqual(phases(story), ["1 active proved", "2 candidate"]);
  assert.deepEqual(told(story), ["upgrade done"]);
  assert.deepEqual([...story.did("activate"), ...story.did("terminate")], []);
  assert.match(summarize(story.state), /generation 2 stands by/);
  assert.equal(degradation(story.state), null);
  assert.equal(nextDeadline(story.state), undefined);
  story.after(10 * readyTimeoutMs);
  assert.deepEqual(phases(story), ["1 active proved", "2 candidate"]);
});

test("whoever waits until a staged version has proved itself hears that it stands by no more", () => {
  const ends = [staged().request(), staged().request("rollback"), staged().exit(2, 0), staged().die(["1.0"])];
  for (const { state } of ends)
    assert.deepEqual(state.outcomes.find(({ generation }) => generation === 2)?.verdict, {
      kind: "replaced",
    });
});

test("a commit verifies it once more, and lets it serve by way of the trial", () => {
  const story = staged().send({ type: "keep-requested" });
  assert.equal(story.did("verify").length, 1);
  assert.equal(story.active, 1);
  verified(story);
  assert.deepEqual(phases(story), ["1 held", "2 active trial"]);
  story.after(trialMs);
  assert.deepEqual(phases(story), ["1 draining", "2 active probation"]);
  assert.deepEqual(told(story), ["upgrade done", "upgrade done"]);
});

test("what does not pass the verification at its commit ends, and the old one serves on", () => {
  const story = verified(staged().send({ type: "keep-requested" }), "verify-failed");
  assert.deepEqual(phases(story), ["1 active proved", "2 draining"]);
  assert.deepEqual(told(story), ["upgrade done", "upgrade verify-failed"]);
});

test("it outlives the daemon, and the commit of the next one brings it", () => {
  const story = verified(staged().die().send({ type: "keep-requested" }));
  assert.deepEqual(phases(story), ["1 held", "2 active trial"]);
  const asked = verified(staged().send({ type: "keep-requested" }).die());
  assert.deepEqual(phases(asked), ["1 held", "2 active trial"]);
});

test("one that dies is gone, and nothing else happens; a commit then has nothing to decide", () => {
  for (const lose of [
    (story: Story) => story.exit(2, 0).exit(2, 1),
    (story: Story) => story.die(["1.0", "1.1", "2.1"]).exit(2, 1),
  ]) {
    const story = lose(staged());
    assert.deepEqual(phases(story), ["1 active proved"]);
    assert.deepEqual(told(story), ["upgrade done"]);
    assert.equal(degradation(story.state), null);
    const { state } = story;
    assert.deepEqual(story.send({ type: "keep-requested" }).state, state);
  }
});

test("an upgrade takes its place", () => {
  const story = staged().request();
  assert.deepEqual(phases(story), ["1 active proved", "2 draining"]);
  bring(story, "/3");
  assert.deepEqual(phases(story), ["1 held", "2 draining", "3 active trial"]);
});

test("a rollback sends it away, and touches nothing else", () => {
  const story = staged().request("rollback");
  assert.deepEqual(phases(story), ["1 active proved", "2 draining"]);
  assert.deepEqual(told(story), ["upgrade done", "rollback done"]);
  assert.deepEqual(story.state.rejected, []);
});

test("a rollback to a generation of that number is one, and not the end of what stands by", () => {
  const story = staged().send({ type: "upgrade-requested", kind: "rollback", to: 7 });
  assert.deepEqual(phases(story), ["1 active proved", "2 candidate"]);
  assert.equal(story.lastOutcome?.failure?.reason, "nothing-before");
});

test("a stop ends it, and a restart replaces it", () => {
  const stopped = staged().send({ type: "stop-requested", fast: false });
  assert.deepEqual(phases(stopped), ["1 draining", "2 draining"]);
  const restarted = staged().send({ type: "leave-requested", next: "upgrade" }).die();
  assert.deepEqual(phases(restarted), ["1 active proved", "2 draining"]);
  assert.equal(restarted.state.upgrade?.kind, "restart");
});

test("while the state cannot be written it is not committed, and stands by on", () => {
  const story = staged().send({ type: "persist-failed", failure: failure("state-unwritable") });
  story.send({ type: "keep-requested" });
  assert.deepEqual(phases(story), ["1 active proved", "2 candidate"]);
  assert.equal(story.lastOutcome?.failure?.reason, "state-unwritable");
  verified(story.send({ type: "persist-restored" }).send({ type: "keep-requested" }));
  assert.deepEqual(phases(story), ["1 held", "2 active trial"]);
});

test("one that was rejected may be staged by force, and its commit needs no more of that", () => {
  const story = bring(firstServes().request(), "/2").exit(2, 0).exit(2, 1);
  bring(story.send({ ...stage, force: true }), "/2").send({ type: "keep-requested" });
  story.send({ type: "verified", generation: 3, failure: null, noWayBack: null });
  assert.deepEqual(phases(story), ["1 held", "3 active trial"]);
});
