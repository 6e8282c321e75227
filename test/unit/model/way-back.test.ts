import assert from "node:assert/strict";
import { test } from "node:test";
import { nextDeadline } from "../../../src/model/deadlines.js";
import { degradation } from "../../../src/model/view.js";
import { bring, firstServes, isBad, onProbation, phases, told, trialMs, verdictOf } from "./judged.js";
import { failure } from "./sample.js";
import type { Story } from "./story.js";

test("a way back that fails is tried again a minute later, and meanwhile the bad one serves and status says why", () => {
  const failing = isBad(onProbation()).candidate(firstServes().generation(1).specification.plan).exit(3, 0);
  assert.deepEqual(phases(failing.exit(3, 1)), ["2 active rejected"]);
  assert.match(degradation(failing.state) ?? "", /it is bad/);
  assert.equal(nextDeadline(failing.state), failing.now + 60_000);
  failing.after(60_000);
  assert.deepEqual([failing.state.upgrade?.kind, failing.state.upgrade?.to], ["rollback", 1]);
  bring(failing, "/1");
  assert.equal(failing.active, 4);
});

test("a daemon that dies with the verdict leaves the way back to the next", () => {
  const story = isBad(onProbation()).die();
  assert.deepEqual(
    story.did("prepare").map(({ again }) => again?.generation),
    [1],
  );
  bring(story, "/1");
  assert.equal(story.active, 3);
});

test("what was judged bad stays so where the next daemon finds that what it could go back to is gone", () => {
  const story = isBad(onProbation().request("rollback"));
  story.send({ type: "recovered", alive: [], unconnected: [], snapshots: [2], wanted: false });
  assert.deepEqual(phases(story), ["2 active rejected"]);
  assert.match(degradation(story.state) ?? "", /it is bad/);
  assert.equal(nextDeadline(story.state), undefined);
});

/** Generation 2 has state that generation 1 cannot take back. */
function withoutWayBack(loseState: boolean): Story {
  const verify = { http: "/healthz", status: 200, timeoutMs: 5_000 };
  const change = { verify, rollback: { loseState } };
  const story = bring(firstServes().request(), "/2", change);
  return story.send({ type: "verified", generation: 2, failure: null, noWayBack: failure("state-refused") });
}

test("where going back would lose what clients did, a bad version serves on, and says why", () => {
  const trial = isBad(withoutWayBack(false));
  assert.deepEqual(phases(trial), ["1 draining", "2 active rejected"]);
  assert.deepEqual(told(trial), ["upgrade trial-failed"]);
  const probation = isBad(withoutWayBack(false).after(trialMs).end(1));
  assert.deepEqual(phases(probation), ["2 active rejected"]);
  for (const story of [trial, probation]) {
    assert.equal(story.state.upgrade, null);
    assert.equal(verdictOf(story, 2) ?? "rejected", "rejected");
    const said = degradation(story.state) ?? "";
    assert.match(said, /it is bad; it serves on, because .*cannot go on: state-refused.*lose_state/);
    assert.doesNotMatch(said, /nothing is there to go back to/);
    bring(story.request(), "/3");
    assert.equal(story.active, 3);
  }
});

test("with `lose_state` it is left all the same", () => {
  const trial = isBad(withoutWayBack(true));
  assert.deepEqual(phases(trial), ["1 active proved", "2 draining"]);
  const probation = isBad(withoutWayBack(true).after(trialMs).end(1));
  assert.equal(probation.state.upgrade?.to, 1);
});
