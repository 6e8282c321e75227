import assert from "node:assert/strict";
import { test } from "node:test";
import { inheritState } from "../../../src/model/inherit.js";
import {
  bring,
  firstServes,
  onProbation,
  onTrial,
  phases,
  probationMs,
  secondServes,
  told,
  trialMs,
} from "./judged.js";
import type { Story } from "./story.js";

/** Generation 2 failed its trial, and has ended. */
function rejected(): Story {
  return onTrial().exit(2, 0).exit(2, 1);
}

/** Somebody went back from generation 2 in its trial, and it has ended. */
function leftByHand(): Story {
  return onTrial().request("rollback").end(2);
}

function restart(story: Story): Story {
  return story.send({ type: "leave-requested", next: "upgrade" }).die();
}

/** The machine is started again: nothing of it runs, and the release is started that the config names. */
function reboot(story: Story): Story {
  story.state = inheritState(story.state, true);
  return story.die([]);
}

function marks({ state }: Story): (number | string)[][] {
  return state.rejected.map(({ generation, by }) => [generation, by]);
}

test("an upgrade to what was rejected is refused before anything of it runs, with the reason and the way to force it", () => {
  const story = rejected()
    .request()
    .candidate({ ...onTrial().generation(2).specification.plan });
  assert.deepEqual(phases(story), ["1 active proved"]);
  assert.deepEqual(told(story).slice(1), ["upgrade rejected"]);
  assert.match(
    story.lastOutcome?.failure?.message ?? "",
    /rejected at .*Z: generation 2 was on trial: worker 2\.0 exited with status 1.*--force/,
  );
  assert.deepEqual(
    story.state.snapshots.filter(({ phase }) => phase !== "removing").map(({ id }) => id),
    [1],
  );
});

test("another release, and the same one with another config, are no repetition", () => {
  assert.equal(bring(rejected().request(), "/3").active, 3);
  assert.equal(bring(rejected().request(), "/2", { workers: 1 }).active, 3);
});

test("by force what was rejected is tried again, from the start; a bad one is rejected again", () => {
  const forced = {
    type: "upgrade-requested",
    kind: "upgrade",
    hold: false,
    stage: false,
    force: true,
  } as const;
  const story = bring(rejected().send(forced), "/2");
  assert.deepEqual(phases(story), ["1 held", "3 active trial"]);
  assert.deepEqual(marks(story), []);
  story.exit(3, 0);
  assert.deepEqual(phases(story), ["1 active proved", "3 draining"]);
  assert.deepEqual(marks(story), [[3, "judge"]]);
});

for (const [what, before] of [
  ["was rejected", rejected],
  ["somebody went back from", leftByHand],
] as const) {
  test(`a restart does not start what ${what}: what serves is started once more`, () => {
    const story = restart(before()).candidate({ ...onTrial().generation(2).specification.plan });
    assert.deepEqual(told(story).slice(-1), ["restart rejected"]);
    assert.equal(story.state.upgrade?.kind, "fallback");
    bring(story, "/1");
    assert.deepEqual(phases(story), ["1 draining", "4 active proved"]);
  });

  test(`a boot does not start what ${what}: what was proved last is started`, () => {
    const story = reboot(before()).candidate({ ...onTrial().generation(2).specification.plan });
    assert.deepEqual(told(story).slice(-1), ["start rejected"]);
    assert.equal(story.state.upgrade?.kind, "fallback");
    assert.deepEqual(
      story.did("prepare").map(({ again }) => again?.generation),
      [1],
    );
    bring(story, "/1");
    assert.deepEqual(phases(story), ["4 active proved"]);
  });
}

test("what somebody went back from may be asked for again, and then nothing is held against it", () => {
  const story = bring(leftByHand().request(), "/2");
  assert.deepEqual(phases(story), ["1 held", "3 active trial"]);
  assert.deepEqual(marks(story), []);
});

test("a boot with nothing else to start starts even what was rejected", () => {
  const story = rejected();
  story.state = inheritState(story.state, true);
  // Somebody has deleted the snapshot of the other one.
  story.begin();
  bring(story, "/2");
  assert.equal(story.active, 3);
});

test("a boot or a restart while a bad generation waits to be left does not start it once more", () => {
  const stuck = (): Story => {
    const story = onProbation().send({ type: "judged-bad", generation: 2, why: "it is bad" });
    return story
      .candidate({ ...onTrial().generation(1).specification.plan })
      .exit(3, 0)
      .exit(3, 1);
  };
  assert.deepEqual(phases(stuck()), ["2 active rejected"]);
  for (const again of [restart, reboot]) {
    const story = again(stuck()).candidate({ ...onTrial().generation(2).specification.plan });
    assert.equal(story.state.upgrade?.kind, "fallback");
    assert.deepEqual(
      story.did("prepare").map((prepare) => prepare.again?.generation),
      [1],
    );
  }
});

test("the machine is started again in the middle of a trial: the new version is judged, and what was held can be returned to", () => {
  const story = bring(reboot(onTrial()), "/2");
  assert.deepEqual(phases(story), ["3 active probation"]);
  story.send({ type: "judged-bad", generation: 3, why: "it is bad" });
  assert.deepEqual([story.state.upgrade?.kind, story.state.upgrade?.to], ["rollback", 1]);
  assert.equal(bring(story, "/1").active, 4);
});

test("the machine is started again in the middle of a probation: the new version is judged anew", () => {
  const story = bring(reboot(onProbation()), "/2");
  assert.deepEqual(phases(story), ["3 active probation"]);
  story.after(probationMs);
  assert.deepEqual(phases(story), ["3 active proved"]);
});

test("the machine is started again with a proved version: that is not judged again", () => {
  assert.deepEqual(phases(bring(reboot(secondServes()), "/2")), ["3 active proved"]);
});

test("a rollback goes to the last proved one, and never to what was rejected", () => {
  const story = bring(onProbation().request(), "/3").after(trialMs).end(2).request("rollback");
  assert.deepEqual(
    story.did("prepare").map(({ again }) => again?.generation),
    [1],
  );
  const bad = rejected().request("rollback");
  assert.equal(bad.lastOutcome?.failure?.reason, "nothing-before");
});

test("the last 16 that were rejected are known", () => {
  const story = firstServes();
  for (let release = 2; release < 22; release += 1) {
    bring(story.request(), `/${release}`);
    story.send({ type: "judged-bad", generation: release, why: "it is bad" }).end(release);
  }
  assert.equal(story.state.rejected.length, 16);
  assert.equal(story.state.rejected.at(-1)?.generation, 21);
});
