import assert from "node:assert/strict";
import { test } from "node:test";
import { nextDeadline } from "../../../src/model/deadlines.js";
import { onProbation, onTrial, phases, probationMs, told, trialMs } from "./judged.js";
import type { Story } from "./story.js";

test("a trial at whose end nobody looked is longer by as much, and at most once more as long", () => {
  for (const gap of [
    (story: Story) => story.after(trialMs + 2_000),
    (story: Story) =>
      story
        .pass(trialMs + 2_000)
        .die()
        .after(0),
  ]) {
    const story = gap(onTrial());
    assert.deepEqual(phases(story), ["1 held", "2 active trial"]);
    assert.equal(nextDeadline(story.state), story.now + 2_000);
    story.after(1_999);
    assert.deepEqual(phases(story), ["1 held", "2 active trial"]);
    assert.deepEqual(phases(story.after(1)), ["1 draining", "2 active probation"]);
    assert.deepEqual(told(story), ["upgrade done"]);
  }
  const night = onTrial().after(3_600_000);
  assert.equal(nextDeadline(night.state), night.now + trialMs);
  const another = night.after(3_600_000);
  assert.equal(nextDeadline(another.state), another.now + trialMs);
  const bad = another.exit(2, 0);
  assert.deepEqual(phases(bad), ["1 active proved", "2 draining"]);
});

test("a probation at whose end nobody looked is longer by as much, and what it shows by then counts", () => {
  const story = onProbation().after(probationMs + 5_000);
  assert.deepEqual(phases(story), ["2 active probation"]);
  assert.equal(nextDeadline(story.state), story.now + 5_000);
  assert.deepEqual(phases(story.after(5_000)), ["2 active proved"]);
  const bad = onProbation().after(probationMs + 5_000);
  bad.send({ type: "judged-bad", generation: 2, why: "it is bad" });
  assert.equal(bad.state.outcomes.find(({ generation }) => generation === 2)?.verdict?.kind, "rejected");
});
