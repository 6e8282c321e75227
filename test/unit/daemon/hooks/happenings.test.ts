import assert from "node:assert/strict";
import { test } from "node:test";
import { findHappenings } from "../../../../src/daemon/hooks/happenings.js";
import type { ModelFailure } from "../../../../src/model/failure.js";
import type { Plan } from "../../../../src/model/plan.js";
import { notPrepared } from "../../model/sample.js";
import { Story } from "../../model/story.js";

const judged: Partial<Plan> = {
  snapshot: true,
  trial: { timeMs: 3_000, share: null },
  probation: { timeMs: 60_000 },
};

/** What happened while `go` went on, each event with the generation it is about and where that leads. */
function during(story: Story, go: (story: Story) => unknown): string[] {
  const before = story.state;
  go(story);
  return findHappenings(before, story.state).map(({ event, generation, to }) =>
    [event, generation, ...(to === null ? [] : ["to", to])].join(" "),
  );
}

/** Generation 2 is on trial beside generation 1. */
function onTrial(hold = false): Story {
  return new Story().start(judged).request("upgrade", hold).candidate(change).allReady();
}
const change = { ...judged, release: "/2" };

test("an upgrade has ended, later it has proved itself: each is told once", () => {
  const story = onTrial();
  assert.deepEqual(
    during(story, () => story.after(3_000)),
    ["upgraded 2"],
  );
  assert.deepEqual(
    during(story, () => story.after(60_000)),
    ["proved 2"],
  );
  assert.deepEqual(findHappenings(story.state, story.state), []);
});

test("a start with nothing to go back to has nothing to prove", () => {
  const story = new Story();
  assert.deepEqual(
    during(story, () => story.start(judged)),
    ["upgraded 1", "proved 1"],
  );
});

test("a failed trial is a failed upgrade, a rejection, and a way back", () => {
  const story = onTrial();
  const told = during(story, () => story.send({ type: "judged-bad", generation: 2, why: "it smells" }));
  assert.deepEqual(told, ["upgrade-failed 2", "rejected 2 to 1", "rolled-back 2 to 1"]);
});

test("with hold the rejection is told once, of the upgrade that brought the generation", () => {
  const story = onTrial(true);
  const before = story.state;
  const brought = before.outcomes.at(-1)?.upgrade;
  const told = during(story, () => story.send({ type: "judged-bad", generation: 2, why: "it smells" }));
  assert.deepEqual(told, ["rejected 2 to 1", "upgrade-failed 2", "rolled-back 2 to 1"]);
  assert.equal(findHappenings(before, story.state)[0]?.upgrade, brought);
});

test("in a probation the rejection is told at once, and the way back when it has been gone", () => {
  const story = onTrial().after(3_000).exit(1, 0).exit(1, 1);
  const told = during(story, () => story.send({ type: "judged-bad", generation: 2, why: "it smells" }));
  assert.deepEqual(told, ["rejected 2 to 1"]);
  const back = during(story, () => {
    story.after(0).candidate(judged).allReady();
  });
  assert.deepEqual(back, ["upgraded 3", "proved 3", "rolled-back 2 to 1"]);
});

test("where the version before cannot take the state there is no way back, and it is told", () => {
  const story = new Story().start(judged).request().candidate(change);
  for (const { index } of story.generation(2).workers) story.ready(2, index);
  const noWayBack: ModelFailure = { reason: "state-refused", message: "unknown version" };
  story.state = {
    ...story.state,
    generations: story.state.generations.map((one) => (one.id === 2 ? { ...one, noWayBack } : one)),
  };
  const told = during(story, () => story.send({ type: "judged-bad", generation: 2, why: "it smells" }));
  assert.deepEqual(told, ["upgrade-failed 2", "rejected 2"]);
});

test("a rollback by hand is no rejection", () => {
  const story = onTrial().after(3_000);
  const told = during(story, () => story.request("rollback").after(0).candidate(judged).allReady());
  assert.deepEqual(told, ["upgraded 3", "proved 3", "rolled-back 2 to 1"]);
});

test("an upgrade that failed before it had a generation is told, too", () => {
  const story = new Story().start();
  const told = during(story, () => {
    story.request();
    story.send(notPrepared(story.state.upgrade?.id ?? 0, "config-syntax"));
  });
  assert.deepEqual(
    told.map((one) => one.trim()),
    ["upgrade-failed"],
  );
});
