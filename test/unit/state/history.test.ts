import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { LedgerEntry } from "../../../src/model/ledger-entry.js";
import { reportHistory } from "../../../src/state/history.js";
import { readLedger } from "../../../src/state/ledger.js";
import { LedgerFile } from "../../../src/state/ledger-file.js";
import { JudgedStory, judged, probationMs } from "../daemon/show/judged.js";
import { temporaryDirectory } from "../linux/temporary-directory.js";

function timeOf(entry: LedgerEntry): number {
  if (entry.kind === "generation") return entry.to;
  if (entry.kind === "account") return entry.account.endedAt ?? 0;
  return entry.kind === "verdict" ? entry.at : entry.outcome.endedAt;
}

/** What `holdfast history` is told, by way of a ledger on disk. */
function history(context: TestContext, story: JudgedStory) {
  const directory = temporaryDirectory(context);
  const file = new LedgerFile(directory);
  for (const entry of story.ledger) {
    assert.equal(file.append(timeOf(entry), entry), undefined);
  }
  appendFileSync(join(directory, "history.jsonl"), '{"kind":"verdict"}\n{"kind":"later"}\nnot JSON\n');
  return reportHistory(story.state, readLedger(directory), story.now);
}

function ends(context: TestContext, story: JudgedStory) {
  return history(context, story).map(({ generation, end, note }) => [generation, end, note]);
}

test("a version that proved itself is told from one that was replaced before", (context) => {
  const story = new JudgedStory().start(judged).toProbation("/2").after(probationMs);
  story.toProbation("/3").after(1_000).toProbation("/4");
  assert.deepEqual(ends(context, story), [
    [1, "proved", "proved; superseded by generation 2"],
    [2, "proved", "proved; superseded by generation 3"],
    [3, "replaced", "replaced by generation 4 before it had proved itself: a rollback passes it over"],
    [4, null, "on probation, 1 min left"],
  ]);
});

test("a version that was rolled back has why, after how long, and with which numbers", (context) => {
  const story = new JudgedStory().start(judged).pass(3_600_000).toTrial("/2").pass(1_500);
  story.exit(2, 0).pass(20_000).endDrained();
  const [, second] = history(context, story);
  assert.equal(second?.end, "rolled-back");
  assert.match(
    second.note,
    /^rolled back to generation 1 after 1\.5 s: generation 2 was on trial: .*a worker died; of generation 1 none died in 1 h/,
  );
});

test("a version that was rolled back on probation served until the way back, and is not held to have lasted so long", (context) => {
  const story = new JudgedStory().start(judged).toProbation("/2").pass(10_000).exit(2, 0).pass(5_000);
  story.candidate(judged).allReady().endDrained();
  const [, second] = history(context, story);
  assert.match(second?.note ?? "", /^rolled back to generation 3 after 13 s: generation 2 was on probation/);
});

test("a version that failed before it served, and one that was told to stop, say so", (context) => {
  const story = new JudgedStory().start(judged).request();
  story
    .candidate({ ...judged, release: "/2" })
    .exit(2, 0)
    .endDrained();
  const [first, second] = history(context, story);
  assert.deepEqual([first?.end, first?.note], ["proved", "active, has proved itself"]);
  assert.deepEqual([second?.end, second?.note.split(":")[0]], ["failed", "failed"]);
  story.toProbation("/3").send({ type: "stop-requested", fast: false }).endDrained();
  assert.deepEqual(ends(context, story).at(-1), [3, "drained", "drained; told to stop"]);
});

test("what was rejected is marked, and so is what a rollback returns to", (context) => {
  const marks = (story: JudgedStory) =>
    history(context, story).map(({ generation, returnable, rejected, wayBack }) => {
      const words = { returnable, rejected, wayBack };
      return [generation, ...Object.entries(words).flatMap(([word, is]) => (is ? [word] : []))];
    });
  const story = new JudgedStory().start(judged).toProbation("/2").after(probationMs);
  story.toProbation("/3").exit(3, 0);
  story
    .candidate({ ...judged, release: "/2" })
    .allReady()
    .endDrained();
  assert.deepEqual(marks(story), [[1, "returnable", "wayBack"], [2, "returnable"], [3, "rejected"], [4]]);
  story.toTrial("/5");
  assert.deepEqual(marks(story).at(-2), [4, "wayBack"]);
});
