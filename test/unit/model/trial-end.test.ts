import assert from "node:assert/strict";
import { test } from "node:test";
import { nextDeadline } from "../../../src/model/deadlines.js";
import { activeGeneration } from "../../../src/model/find.js";
import { degradation, viewService } from "../../../src/model/view.js";
import { bring, count, firstServes, onTrial, phases, secondServes, told, trialMs } from "./judged.js";
import { failure, killMs } from "./sample.js";
import type { Story } from "./story.js";

function heirs(story: Story): (number | undefined)[][] {
  return story.did("terminate").map(({ slots, to }) => [slots[0]?.generation, to[0]?.generation]);
}

test("a timed trial ends by itself: until then the upgrade is under way, and the old generation is told nothing", () => {
  const story = onTrial();
  assert.deepEqual(phases(story), ["1 held", "2 active trial"]);
  assert.deepEqual(told(story), []);
  assert.equal(nextDeadline(story.state), story.now + trialMs);
  assert.deepEqual(
    [viewService(story.state).phase, viewService(story.state).busyUntil],
    ["reloading", story.now + trialMs],
  );
  story.after(trialMs - 1);
  assert.deepEqual(phases(story), ["1 held", "2 active trial"]);
  story.after(1);
  assert.deepEqual(phases(story), ["1 draining", "2 active probation"]);
  assert.deepEqual(heirs(story), [[1, 2]]);
  assert.deepEqual(told(story), ["upgrade done"]);
  assert.equal(viewService(story.state).phase, "ready");
});

test("a commit ends a timed trial early, and well", () => {
  const story = onTrial().send({ type: "keep-requested" });
  assert.deepEqual(phases(story), ["1 draining", "2 active probation"]);
  assert.deepEqual(told(story), ["upgrade done"]);
});

test("a rollback in the middle of a trial: the upgrade has failed, the rollback has not, and nothing is degraded", () => {
  const story = onTrial().request("rollback");
  assert.deepEqual(phases(story), ["1 active proved", "2 draining"]);
  assert.deepEqual(heirs(story), [[2, 1]]);
  assert.deepEqual(told(story), ["upgrade rolled-back", "rollback done"]);
  assert.equal(story.state.upgrade, null);
  assert.equal(degradation(story.state), null);
  assert.deepEqual(
    story.state.rejected.map(({ generation, by }) => [generation, by]),
    [[2, "rollback"]],
  );
});

const verdicts: readonly [what: string, why: RegExp, judge: (story: Story) => Story][] = [
  ["a worker of it dies", /worker 2\.0 exited with status 1/, (story) => story.exit(2, 0)],
  [
    "a judge says so",
    /health checks failed/,
    (story) => story.send({ type: "judged-bad", generation: 2, why: "3 health checks failed" }),
  ],
  ["its responses fail", /40 of 40 responses failed/, (story) => count(story, 2, { serverErrors: 40 })],
  ["it breaks its responses off", /40 of 40/, (story) => count(story, 2, { aborted: 40 })],
];

for (const [what, why, judge] of verdicts) {
  test(`on trial, ${what}: the old generation is active again within the one decision, and the upgrade has failed`, () => {
    const story = count(onTrial(), 1, { ok: 1_000 });
    judge(story);
    assert.deepEqual(phases(story), ["1 active proved", "2 draining"]);
    assert.deepEqual(heirs(story), [[2, 1]]);
    assert.deepEqual(told(story), ["upgrade trial-failed"]);
    assert.match(story.lastOutcome?.failure?.message ?? "", why);
    assert.match(degradation(story.state) ?? "", why);
    assert.match(viewService(story.state).status, /generation 1, 2 workers ready; .*still serving 1/);
    assert.deepEqual(
      story.state.rejected.map(({ generation, by }) => [generation, by]),
      [[2, "judge"]],
    );
    // Nothing is left of it that anybody could return to.
    assert.deepEqual(story.state.retired, []);
    story.end(2);
    assert.deepEqual(phases(story), ["1 active proved"]);
    assert.equal(nextDeadline(story.state), undefined);
  });
}

test("on trial, what the old generation does as well is not held against the new one", () => {
  const errors = count(count(onTrial(), 1, { serverErrors: 200 }), 2, { serverErrors: 40 });
  assert.deepEqual(phases(errors), ["1 held", "2 active trial"]);
  const deaths = onTrial().exit(1, 0).exit(2, 0);
  assert.deepEqual(phases(deaths), ["1 held", "2 active trial"]);
  const refused = count(onTrial(), 2, { clientErrors: 100 });
  assert.deepEqual(phases(refused), ["1 held", "2 active trial"]);
});

test("on trial, a death more than the old generation had is held against the new one", () => {
  const story = onTrial().exit(1, 0).exit(2, 0);
  assert.deepEqual(phases(story), ["1 held", "2 active trial"]);
  assert.deepEqual(phases(story.exit(2, 1)), ["1 active proved"]);
});

test("a judge that is switched off says nothing", () => {
  const judge = { deaths: false, accepts: false, errors: null, slowMs: null, health: null, command: null };
  const story = count(onTrial({ judge }), 2, { serverErrors: 400 }).exit(2, 0);
  assert.deepEqual(phases(story), ["1 held", "2 active trial"]);
});

test("a verdict on what is not judged any more, or serves no more, changes nothing", () => {
  const proved = secondServes();
  const rolledBack = onTrial().request("rollback");
  for (const story of [proved, rolledBack]) {
    const before = story.state;
    for (const generation of [1, 2, 9]) story.send({ type: "judged-bad", generation, why: "it is late" });
    assert.deepEqual(story.state, before);
  }
});

test("an upgrade that is asked for during a trial waits for its end, however that is", () => {
  const passed = onTrial().request();
  assert.equal(passed.state.queued?.id, 3);
  passed.after(trialMs);
  assert.deepEqual([passed.state.upgrade?.id, passed.state.queued], [3, null]);
  assert.deepEqual(phases(passed), ["1 draining", "2 active probation"]);

  const failed = onTrial().request().exit(2, 0);
  assert.deepEqual([failed.state.upgrade?.id, failed.state.queued], [3, null]);
  assert.deepEqual(told(failed), ["upgrade trial-failed"]);
  bring(failed.end(2), "/3").after(trialMs);
  assert.deepEqual(phases(failed), ["1 draining", "3 active probation"]);
});

test("a rollback during a trial is done at once, also where an upgrade waits: that one is given up", () => {
  const story = onTrial().request().request("rollback");
  assert.deepEqual(phases(story), ["1 active proved", "2 draining"]);
  assert.deepEqual(told(story), ["upgrade rolled-back", "rollback done"]);
  assert.deepEqual([story.state.upgrade, story.state.queued], [null, null]);
});

test("a stop in the middle of a trial ends both generations, and the upgrade", () => {
  for (const fast of [false, true]) {
    const story = onTrial().send({ type: "stop-requested", fast });
    assert.deepEqual(phases(story), ["1 draining", "2 draining"]);
    assert.deepEqual(told(story), ["upgrade stopping"]);
    if (fast) story.after(killMs);
    story.end(1).end(2);
    assert.deepEqual(
      story.did("exit").map(({ status }) => status),
      ["stopped"],
    );
  }
});

test("a re-exec or a crash in the middle of a trial changes nothing of it, and time without a daemon counts", () => {
  for (const leave of [false, true]) {
    const story = onTrial();
    if (leave) story.send({ type: "leave-requested", next: "adopt" });
    const { stage } = story.generation(2);
    story.pass(trialMs - 1).die();
    assert.deepEqual(story.generation(2).stage, stage);
    assert.deepEqual(told(story), []);
    story.after(1);
    assert.deepEqual(phases(story), ["1 draining", "2 active probation"]);
    assert.deepEqual(told(story), ["upgrade done"]);
  }
});

test("a trial that fails after the daemon's death goes back as before it", () => {
  const story = onTrial().die().exit(2, 0);
  assert.deepEqual(phases(story), ["1 active proved", "2 draining"]);
  assert.deepEqual(told(story), ["upgrade trial-failed"]);
});

test("a restart in the middle of a trial: it goes on to its end while the release is started once more", () => {
  const story = onTrial().send({ type: "leave-requested", next: "upgrade" }).die();
  assert.deepEqual(told(story), ["upgrade superseded"]);
  assert.equal(story.state.upgrade?.kind, "restart");
  assert.deepEqual(phases(story), ["1 held", "2 active trial"]);
  story.candidate({ ...story.generation(2).specification.plan }).after(trialMs);
  assert.deepEqual(phases(story), ["1 draining", "2 active probation", "3 candidate"]);
  story.allReady();
  assert.deepEqual(phases(story), ["1 draining", "2 held", "3 active trial"]);
});

test("a restart in the middle of a trial that fails then does not bring the bad version once more", () => {
  const story = onTrial().send({ type: "leave-requested", next: "upgrade" }).die();
  story
    .candidate({ ...story.generation(2).specification.plan })
    .exit(2, 0)
    .allReady();
  assert.equal(story.active, 1);
  assert.equal(story.lastOutcome?.failure?.reason, "rejected");
});

test("with the old generation drained by WINCH, the trial goes on to its end, or to a rollback of its own", () => {
  const passed = onTrial().send({ type: "drain-requested" });
  assert.deepEqual(phases(passed), ["1 draining", "2 active trial"]);
  passed.end(1).after(trialMs);
  assert.deepEqual(phases(passed), ["2 active probation"]);
  assert.deepEqual(told(passed), ["upgrade done"]);

  const failed = onTrial().send({ type: "drain-requested" }).end(1).exit(2, 0);
  assert.deepEqual(told(failed), ["upgrade trial-failed"]);
  assert.deepEqual(phases(failed), ["2 active rejected"]);
  assert.deepEqual([failed.state.upgrade?.kind, failed.state.upgrade?.to], ["rollback", 1]);
  bring(failed, "/1");
  assert.deepEqual(phases(failed), ["2 draining", "3 active proved"]);
});

test("while the state cannot be written a trial goes on, and the upgrade ends as the trial does", () => {
  const full = { type: "persist-failed", failure: failure("state-unwritable") } as const;
  const passed = onTrial().send(full);
  assert.deepEqual(phases(passed), ["1 held", "2 active trial"]);
  passed.after(trialMs);
  assert.deepEqual(told(passed), ["upgrade done"]);
  const failed = onTrial().send(full).exit(2, 0);
  assert.deepEqual(phases(failed), ["1 active proved", "2 draining"]);
  assert.deepEqual(told(failed), ["upgrade trial-failed"]);
});

test("without a trial, with one writer, and back to what is proved, nobody is held", () => {
  const none = bring(firstServes().request(), "/2", { trial: { timeMs: 0, share: null } });
  assert.deepEqual(phases(none), ["1 draining", "2 active probation"]);
  assert.deepEqual(told(none), ["upgrade done"]);

  const exclusive = firstServes({ strategy: "exclusive" }).speak(1);
  bring(exclusive.request(), "/2", { strategy: "exclusive" });
  exclusive.send({ type: "verified", generation: 2, failure: null, noWayBack: null });
  assert.deepEqual(phases(exclusive), ["1 draining", "2 active probation"]);

  const back = bring(secondServes().request("rollback"), "/1");
  assert.deepEqual(phases(back), ["2 draining", "3 active proved"]);
  assert.equal(activeGeneration(back.state)?.proved, true);
});
