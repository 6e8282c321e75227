import assert from "node:assert/strict";
import { test } from "node:test";
import { WorkerReports } from "../../../../src/daemon/native-workers/worker-reports.js";
import { Snapshots } from "../../../../src/daemon/perform/snapshots.js";
import { reportStatus } from "../../../../src/daemon/show/report.js";
import { HeldListeners } from "../../../../src/listeners/held-listeners.js";
import { unjudged } from "../../../../src/model/plan.js";
import { JudgedStory, judged, probationMs, trialMs } from "./judged.js";

function report(story: JudgedStory, stalledForMs = (_: number): number | undefined => undefined) {
  return reportStatus(story.state, {
    name: "web",
    unit: undefined,
    listeners: new HeldListeners({
      unit: "holdfast@web.service",
      keeper: { store() {}, remove() {} },
      watcher: { watchEnd() {}, unwatch() {} },
      warn() {},
      takeFromWorkers: () => undefined,
      onDown() {},
    }),
    nowMs: () => story.now,
    reports: new WorkerReports(),
    snapshots: new Snapshots({ stateDirectory: "/nowhere" }),
    measuredShare: () => 0.048,
    stalledForMs,
    notifyDropped: () => 0,
    reexecFailed: null,
    metrics: () => null,
  });
}

function proofOf(story: JudgedStory) {
  const active = report(story).generations.find(({ phase }) => phase === "active");
  return { detail: active?.detail, ...active?.proof };
}

test("on trial the report has the time that is left, and the numbers of both versions in it", () => {
  const story = new JudgedStory().start(judged);
  story.counted(1, { ok: 900, serverErrors: 100 }).pass(60_000).toTrial("/2").pass(1_000);
  story.counted(1, { ok: 940, serverErrors: 101, aborted: 1 }).counted(2, { ok: 30, clientErrors: 5 });
  const { detail, kind, leftMs, now, before } = proofOf(story);
  assert.deepEqual([detail, kind, leftMs], ["on trial, 2 s left", "trial", trialMs - 1_000]);
  assert.deepEqual(now, { generation: 2, servedMs: 1_000, deaths: 0, responses: 35, failed: 0 });
  assert.deepEqual(before, { generation: 1, servedMs: 1_000, deaths: 0, responses: 42, failed: 2 });
});

test("on probation the report has the time that is left, and all that the version before had shown", () => {
  const story = new JudgedStory().start(judged);
  story.counted(1, { ok: 900, serverErrors: 100 }).pass(60_000).toTrial("/2");
  story.counted(2, { ok: 7 }).after(trialMs).endDrained().pass(19_000).counted(2, { ok: 47, slow: 3 });
  const { detail, kind, leftMs, now, before } = proofOf(story);
  assert.deepEqual([detail, kind, leftMs], ["on probation, 41 s left", "probation", probationMs - 19_000]);
  assert.deepEqual(now, { generation: 2, servedMs: 19_000, deaths: 0, responses: 40, failed: 3 });
  assert.deepEqual(before, {
    generation: 1,
    servedMs: 60_000 + trialMs,
    deaths: 0,
    responses: 1_000,
    failed: 100,
  });
});

test("what has proved itself, and a trial without end, say so", () => {
  const story = new JudgedStory().start(judged).toProbation("/2").after(probationMs);
  assert.deepEqual(proofOf(story), {
    detail: null,
    kind: "proved",
    leftMs: null,
    failure: null,
    now: null,
    before: null,
    share: null,
  });
  story
    .request("upgrade", true)
    .candidate({ ...judged, release: "/3" })
    .allReady();
  assert.deepEqual([proofOf(story).detail, proofOf(story).leftMs], ["on trial until somebody decides", null]);
});

test("a rejected version, and that the service was rolled back from it, are reported, and degrade it", () => {
  const story = new JudgedStory().start(judged).toTrial("/2").exit(2, 0);
  const { degraded, rejected, rolledBack } = report(story);
  assert.match(degraded ?? "", /generation 2 was on trial: .*died/);
  assert.deepEqual(
    rejected.map(({ generation, by, at, failure }) => [generation, by, at, failure.reason]),
    [[2, "judge", story.now, "trial-failed"]],
  );
  assert.deepEqual([rolledBack?.from, rolledBack?.to], [2, 1]);
  const later = new JudgedStory().start(judged).toProbation("/2").exit(2, 0);
  assert.match(report(later).degraded ?? "", /generation 2 was on probation/);
  assert.equal(proofOf(later).failure?.reason, "probation-failed");
  later.candidate().allReady().endDrained();
  assert.match(report(later).degraded ?? "", /rolled back to 1, .*generation 2 was on probation/);
});

test("a version that was left by hand is reported, and does not degrade the service", () => {
  const story = new JudgedStory().start(judged).toTrial("/2").request("rollback").endDrained();
  story
    .request()
    .candidate({ ...judged, release: "/3", trial: unjudged.trial })
    .allReady();
  story.request("rollback").candidate().allReady().endDrained();
  const { degraded, rejected } = report(story);
  assert.equal(degraded, null);
  assert.deepEqual(
    rejected.map(({ generation, by }) => [generation, by]),
    [
      [2, "rollback"],
      [3, "rollback"],
    ],
  );
});

test("clients that wait with nobody accepting degrade a service that runs", () => {
  const story = new JudgedStory().start(judged);
  const { degraded, listeners } = report(story, (id) => (id === 1 ? 12_000 : undefined));
  assert.equal(degraded, "clients wait at the listener http, and none has been accepted for 12 s");
  assert.equal(listeners[0]?.stalledMs, 12_000);
  assert.equal(report(story).degraded, null);
  const starting = new JudgedStory().begin();
  starting.candidate(judged);
  assert.match(report(starting, () => 12_000).degraded ?? "", /answers nobody yet/);
});

test("in a trial with a share the report has what is wanted and what is measured", () => {
  const story = new JudgedStory().start(judged);
  const shared = { ...judged, release: "/2", trial: { timeMs: trialMs, share: 0.05 } };
  story.request().candidate(shared).send({ type: "verified", generation: 2, failure: null, noWayBack: null });
  story.allReady().send({ type: "verified", generation: 2, failure: null, noWayBack: null });
  assert.deepEqual(proofOf(story).share, { wanted: 0.05, measured: 0.048 });
});
