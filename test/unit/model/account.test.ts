import assert from "node:assert/strict";
import { test } from "node:test";
import type { AccountReport } from "../../../src/lib/account.js";
import type { Look } from "../../../src/model/event.js";
import { endedByReboot, inheritState } from "../../../src/model/inherit.js";
import { JudgedStory, judged, probationMs, trialMs } from "../daemon/show/judged.js";

/** Of the upgrades that are over, oldest first. */
function accounts({ ledger }: JudgedStory): AccountReport[] {
  return ledger.flatMap((entry) => (entry.kind === "account" ? [entry.account] : []));
}

function phases(account: AccountReport | undefined) {
  return account?.phases.map(({ phase, afterMs, tookMs }) => [phase, afterMs, tookMs]);
}

function look(change: Partial<Look> = {}): { type: "looked"; look: Look } {
  return { type: "looked", look: { overflows: 7, drops: 9, backlogs: [], stillMs: 0, ...change } };
}

test("the account of an upgrade has its phases with their times, and goes to the ledger when the generation has proved itself", () => {
  const story = new JudgedStory().start(judged).after(probationMs);
  story
    .request()
    .pass(20)
    .candidate({ ...judged, release: "/2" });
  story.pass(300).allReady().after(trialMs).pass(150).endDrained();
  assert.equal(accounts(story).length, 1, "that of the start");
  assert.equal(story.state.accounts.length, 1);
  story.after(probationMs - 150);
  assert.deepEqual(story.state.accounts, []);
  const account = accounts(story).at(-1);
  assert.deepEqual(phases(account), [
    ["prepare", 0, 20],
    ["copy", 20, 0],
    ["start", 20, 0],
    ["ready", 20, 300],
    ["trial", 320, trialMs],
    ["drain", 320 + trialMs, 150],
    ["probation", 320 + trialMs, probationMs],
  ]);
  assert.deepEqual(
    [account?.kind, account?.failure, account?.verdict],
    ["upgrade", null, { kind: "proved" }],
  );
  assert.equal(account?.endedAt, story.now);
});

test("both sides are counted from the request on, the old one also after it has ended; plain workers have no counts", () => {
  const story = new JudgedStory().start(judged).after(probationMs);
  story.counted(1, { accepted: 10, requests: 100, ok: 100 });
  story.toTrial("/2").counted(2, { accepted: 3, adopted: 8, ok: 12 });
  story.counted(1, { accepted: 11, requests: 104, ok: 104, moved: 8, cut: 1 });
  story
    .after(trialMs)
    .endDrained()
    .counted(2, { accepted: 5, adopted: 8, ok: 20, serverErrors: 1 })
    .after(probationMs);
  const account = accounts(story).at(-1);
  const [old] = account?.old?.listeners ?? [];
  const [made] = account?.new?.listeners ?? [];
  assert.deepEqual([old?.accepted, old?.requests, old?.ok, old?.moved, old?.cut], [1, 4, 4, 8, 1]);
  assert.deepEqual([made?.accepted, made?.adopted, made?.ok, made?.serverErrors], [5, 8, 20, 1]);
  const silent = new JudgedStory().start(judged).toProbation("/2").after(probationMs);
  assert.deepEqual(accounts(silent).at(-1)?.old, { generation: 1, listeners: null, deaths: 0 });
});

test("what the kernel has shown is kept at its most, over the death of the daemon", () => {
  const story = new JudgedStory().start(judged).after(probationMs).request();
  const queue = { listener: "http", queued: 5, limit: 128 };
  story.send(look({ backlogs: [queue], stillMs: 40 }));
  story.die().send(look({ overflows: 10, backlogs: [{ ...queue, queued: 2 }], stillMs: null }));
  story
    .candidate({ ...judged, release: "/2" })
    .allReady()
    .after(trialMs)
    .endDrained();
  story.send(look({ overflows: 99 })).after(probationMs);
  assert.deepEqual(accounts(story).at(-1)?.witness, {
    overflows: 3,
    drops: 0,
    backlogs: [queue],
    stillMs: 40,
  });
});

test("a failed upgrade is accounted for when its candidate is gone, with the reason", () => {
  const story = new JudgedStory().start(judged).after(probationMs);
  story
    .request()
    .candidate({ ...judged, release: "/2" })
    .pass(10)
    .exit(2, 0)
    .pass(5)
    .endDrained();
  const account = accounts(story).at(-1);
  assert.equal(account?.failure?.reason, "worker-exited");
  assert.equal(account?.new?.generation, 2);
  assert.deepEqual(phases(account), [
    ["prepare", 0, 0],
    ["copy", 0, 0],
    ["start", 0, 0],
    ["ready", 0, 10],
    ["drain", 10, 5],
  ]);
});

test("one that is judged bad says so, with the workers that died and the drain of its own generation", () => {
  const story = new JudgedStory().start(judged).after(probationMs).toTrial("/2").pass(100);
  story.send({ type: "judged-bad", generation: 2, why: "it is slow" }).pass(50).endDrained();
  const account = accounts(story).at(-1);
  assert.equal(account?.failure?.reason, "trial-failed");
  assert.deepEqual(phases(account)?.slice(-2), [
    ["trial", 0, 100],
    ["drain", 100, 50],
  ]);
});

test("the account of a rollback has the drain of the version that is left", () => {
  const story = new JudgedStory().start(judged).after(probationMs).toProbation("/2").after(probationMs);
  story.request("rollback").candidate(judged).allReady().pass(70).endDrained();
  const account = accounts(story).at(-1);
  assert.deepEqual([account?.kind, phases(account)?.at(-1)], ["rollback", ["drain", 0, 70]]);
});

test("an account is closed when the new workers have been asked once more, also by the next daemon: what they took over last is counted", () => {
  const story = new JudgedStory().start({ ...judged, probation: { timeMs: 0 } }).request();
  story
    .candidate({ ...judged, probation: { timeMs: 0 }, release: "/2" })
    .speak(2)
    .allReady()
    .send({ type: "verified", generation: 2, failure: null, noWayBack: null });
  story.after(trialMs).endDrained();
  assert.equal(story.did("ask-counts").length, 1);
  assert.equal(accounts(story).length, 1, "that of the start");
  story.die();
  assert.equal(story.did("ask-counts").length, 1);
  story.counted(2, { adopted: 39 }).send({ type: "counts-asked" });
  assert.equal(accounts(story).at(-1)?.new?.listeners?.[0]?.adopted, 39);
  assert.deepEqual(story.state.accounts, []);
});

test("a reboot in the middle closes the account with what was known, and leaves open how long the last phase took", () => {
  const story = new JudgedStory().start(judged).after(probationMs).toTrial("/2").pass(700);
  story.counted(2, { accepted: 3 });
  const entries = endedByReboot(story.state, 5_000);
  const [account] = entries.flatMap((entry) => (entry.kind === "account" ? [entry.account] : []));
  assert.deepEqual([account?.endedAt, account?.new?.listeners?.[0]?.accepted], [5_000, 3]);
  assert.deepEqual(phases(account)?.at(-1), ["trial", 0, null]);
  assert.deepEqual(inheritState(story.state, true).accounts, []);
});

test("counts of upgrades, verdicts and phases only grow, and outlive a reboot", () => {
  const story = new JudgedStory().start(judged).after(probationMs).toProbation("/2").after(probationMs);
  story
    .request()
    .candidate({ ...judged, release: "/3" })
    .exit(3, 0);
  const { upgrades, verdicts, phases: times, lastDoneAt } = story.state.tally;
  assert.deepEqual(upgrades, [
    { kind: "start", done: 1, failed: 0 },
    { kind: "upgrade", done: 1, failed: 1 },
  ]);
  assert.deepEqual(verdicts, { proved: 2, rejected: 0, replaced: 0 });
  const trial = times.find(({ phase }) => phase === "trial");
  assert.deepEqual([trial?.sumMs, trial?.counts.reduce((sum, one) => sum + one)], [trialMs, 1]);
  assert.ok(lastDoneAt !== null && lastDoneAt < story.now);
  assert.deepEqual(inheritState(story.state, true).tally, story.state.tally);
});
