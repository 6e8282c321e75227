import assert from "node:assert/strict";
import { test } from "node:test";
import { nextDeadline } from "../../../src/model/deadlines.js";
import { inheritState } from "../../../src/model/inherit.js";
import { degradation, summarize } from "../../../src/model/view.js";
import {
  bring,
  count,
  firstServes,
  isBad,
  onProbation,
  onTrial,
  phases,
  probationMs,
  told,
  trialMs,
  verdictOf,
} from "./judged.js";
import { failure } from "./sample.js";
import type { Story } from "./story.js";

test("a probation ends by itself: the generation is proved, and nothing wakes the daemon any more", () => {
  const story = onProbation();
  assert.equal(verdictOf(story, 2), undefined);
  assert.equal(nextDeadline(story.state), story.now + probationMs);
  story.after(probationMs - 1);
  assert.deepEqual(phases(story), ["2 active probation"]);
  story.after(1);
  assert.deepEqual(phases(story), ["2 active proved"]);
  assert.equal(verdictOf(story, 2), "proved");
  assert.equal(nextDeadline(story.state), undefined);
});

const ends: readonly [what: string, end: (story: Story) => Story][] = [
  ["its workers are told to drain", (story) => story.send({ type: "drain-requested" })],
  ["the service is told to stop", (story) => story.send({ type: "stop-requested", fast: false })],
  [
    "it is held for a trial, and its workers are told to drain",
    (story) => bring(story.request(), "/3").send({ type: "drain-requested" }),
  ],
  [
    "it is held for a trial in which another version is let serve",
    (story) => bring(bring(story.request("upgrade", true), "/3").request(), "/4"),
  ],
  [
    "it is held for a trial whose version is bad, and would lose its state",
    (story) => {
      bring(story.request(), "/3", { verify: { http: "/", status: 200, timeoutMs: 5_000 } });
      story.send({ type: "verified", generation: 3, failure: null, noWayBack: failure("state-refused") });
      return isBad(story, 3);
    },
  ],
  [
    "the machine is started again",
    (story) => {
      story.state = inheritState(story.state, true);
      return story;
    },
  ],
];

for (const [what, end] of ends) {
  test(`whoever waits for the end of a probation hears that there is none when ${what}`, () => {
    assert.equal(verdictOf(end(onProbation()), 2), "replaced");
  });
}

test("what is started first is proved: there is nothing to go back to", () => {
  const story = firstServes();
  assert.deepEqual(phases(story), ["1 active proved"]);
  assert.equal(verdictOf(story, 1), "proved");
});

const verdicts: readonly [what: string, why: RegExp, judge: (story: Story) => Story][] = [
  ["a worker of it dies", /worker 2\.1 exited/, (story) => story.exit(2, 1)],
  ["a judge says so", /it is bad/, (story) => isBad(story)],
  [
    "its responses fail",
    /40 of 40 responses failed .*, 0 of 1000 .* of generation 1/,
    (story) => count(story, 2, { serverErrors: 40 }),
  ],
];

for (const [what, why, judge] of verdicts) {
  test(`on probation, ${what}: what was proved is started, and the bad generation serves until that is ready`, () => {
    const story = count(onTrial(), 1, { ok: 1_000 }).after(trialMs).end(1);
    judge(story);
    assert.deepEqual(phases(story), ["2 active rejected"]);
    assert.equal(verdictOf(story, 2), "rejected");
    assert.deepEqual([story.state.upgrade?.kind, story.state.upgrade?.to], ["rollback", 1]);
    assert.deepEqual(
      story.did("prepare").map(({ again }) => again?.generation),
      [1],
    );
    assert.deepEqual(story.did("terminate"), []);
    story.candidate({ ...story.state.retired[0]?.specification.plan });
    assert.equal(story.active, 2);
    story.allReady();
    assert.deepEqual(phases(story), ["2 draining", "3 active proved"]);
    assert.deepEqual(
      story.did("terminate").map(({ to }) => to[0]?.generation),
      [3],
    );
    assert.deepEqual(told(story), ["upgrade done", "rollback done"]);
    assert.match(degradation(story.state) ?? "", why);
    assert.match(summarize(story.state), /rolled back to 1, and the release on the disk is not running/);
    story.end(2);
    assert.deepEqual(
      story.state.retired.map(({ generation }) => generation),
      [1],
    );
    bring(story.request(), "/4");
    assert.doesNotMatch(degradation(story.state) ?? "", why);
  });
}

test("a worker that ended while no daemon ran is started again, and is held against nobody", () => {
  const story = onProbation().die(["2.1"]);
  assert.deepEqual(story.did("spawn"), [{ type: "spawn", generation: 2, index: 0 }]);
  assert.deepEqual([phases(story), story.generation(2).deaths], [["2 active probation"], 0]);
});

test("on probation, deaths that the one before had as often are not held against it", () => {
  const story = firstServes();
  for (let times = 0; times < 20; times += 1) story.exit(1, 0).after(probationMs).spawnAll().allReady();
  bring(story.request(), "/2").after(trialMs).end(1).exit(2, 0);
  assert.deepEqual(phases(story), ["2 active probation"]);
  for (let times = 0; times < 4; times += 1) story.exit(2, 1).after(1_000).spawnAll().allReady().exit(2, 0);
  assert.deepEqual(phases(story), ["2 active rejected"]);
});

test("an upgrade in the middle of a probation replaces it, and what comes falls back to the last proved one", () => {
  const story = bring(onProbation().request(), "/3");
  assert.deepEqual(phases(story), ["2 held", "3 active trial"]);
  story.after(trialMs).end(2);
  assert.equal(verdictOf(story, 2), "replaced");
  assert.deepEqual(
    story.state.retired.map(({ generation, proved }) => [generation, proved]),
    [
      [1, true],
      [2, false],
    ],
  );
  isBad(story, 3);
  assert.equal(story.state.upgrade?.to, 1);
});

test("what comes back from a failed trial before it was proved is on probation again", () => {
  const story = isBad(bring(onProbation().request(), "/3"), 3);
  assert.deepEqual(phases(story), ["2 active probation", "3 draining"]);
  isBad(story.end(3));
  assert.equal(story.state.upgrade?.to, 1);
});

test("with `keep = 1` the last proved one is kept, whatever comes after it", () => {
  const story = onProbation({ keep: 1 });
  for (const [release, last] of [
    ["/3", 2],
    ["/4", 3],
  ] as const) {
    bring(story.request(), release, { keep: 1 }).after(trialMs).end(last);
    assert.deepEqual(
      story.state.retired.map(({ generation }) => generation),
      [1],
    );
  }
  isBad(story, 4);
  assert.equal(story.state.upgrade?.to, 1);
});

test("a verdict in the middle of another upgrade waits for its end: what comes may be good", () => {
  const healed = isBad(onProbation().request());
  assert.equal(healed.state.upgrade?.kind, "upgrade");
  bring(healed, "/3").after(trialMs).end(2);
  assert.deepEqual(phases(healed), ["3 active probation"]);
  assert.equal(healed.state.upgrade, null);

  const left = isBad(onProbation().request()).candidate({ release: "/3" }).exit(3, 0);
  assert.deepEqual([left.state.upgrade?.kind, left.state.upgrade?.to], ["rollback", 1]);
});

test("what was judged bad and comes back from a failed trial is left, not kept", () => {
  const story = bring(isBad(onProbation().request()), "/3");
  assert.deepEqual(phases(story), ["2 held", "3 active trial"]);
  isBad(story, 3);
  assert.deepEqual(phases(story), ["2 active rejected", "3 draining"]);
  assert.deepEqual([story.state.upgrade?.kind, story.state.upgrade?.to], ["rollback", 1]);
});

test("a rollback by hand in a probation goes to what is proved, without a trial", () => {
  const story = bring(onProbation().request("rollback"), "/1");
  assert.deepEqual(phases(story), ["2 draining", "3 active proved"]);
  assert.equal(degradation(story.state), null);
  assert.deepEqual(
    story.state.rejected.map(({ generation, by }) => [generation, by]),
    [[2, "rollback"]],
  );
});

test("a probation goes on over the death of the daemon, and time without one counts", () => {
  for (const leave of [false, true]) {
    const story = onProbation();
    if (leave) story.send({ type: "leave-requested", next: "adopt" });
    const { stage } = story.generation(2);
    story.pass(probationMs - 1).die();
    assert.deepEqual(story.generation(2).stage, stage);
    const bad = isBad(onProbation().die());
    assert.equal(bad.state.upgrade?.to, 1);
    story.after(1);
    assert.deepEqual(phases(story), ["2 active proved"]);
  }
});

test("a restart in a probation starts the release once more, and goes back to what is proved all the same", () => {
  const story = onProbation().send({ type: "leave-requested", next: "upgrade" }).die();
  bring(story, "/2").after(trialMs).end(2);
  assert.deepEqual(phases(story), ["3 active probation"]);
  isBad(story, 3);
  assert.equal(story.state.upgrade?.to, 1);
});

test("on probation the numbers of the trial do not count", () => {
  const story = count(count(onTrial(), 1, { ok: 1_000 }), 2, { ok: 10_000 })
    .after(trialMs)
    .end(1);
  count(story, 2, { ok: 10_000, serverErrors: 60 });
  assert.deepEqual(phases(story), ["2 active rejected"]);
});
