import assert from "node:assert/strict";
import { test } from "node:test";
import { nextAnswer } from "../../../src/model/decide.js";
import { failure, notPrepared } from "./sample.js";
import { Story } from "./story.js";

test("who is refused while an upgrade runs is told so, and not the outcome of that one", () => {
  const story = new Story().start().request().candidate();
  const answer = nextAnswer(story.state);
  story.request("rollback");
  assert.deepEqual(
    [story.lastOutcome?.upgrade, story.lastOutcome?.failure?.reason, story.state.upgrade?.id],
    [answer, "nothing-before", 2],
  );
});

test("while an upgrade runs one more waits, and further requests join that one", () => {
  const story = new Story().start().request();
  assert.equal(nextAnswer(story.state), 3);
  story.request();
  assert.equal(nextAnswer(story.state), 3);
  story.request().request();
  assert.equal(nextAnswer(story.state), 3);
  story.candidate().allReady();
  assert.equal(story.lastOutcome?.upgrade, 2);
  assert.deepEqual(
    story.did("prepare").map(({ upgrade }) => upgrade),
    [3],
  );
  story.candidate().allReady();
  assert.equal(story.active, 3);
  assert.equal(story.state.upgrade, null);
});

test("an upgrade that waits still runs when the one before it fails", () => {
  const story = new Story().start().request().request().send(notPrepared(2, "config-invalid"));
  assert.deepEqual(
    story.did("prepare").map(({ upgrade }) => upgrade),
    [3],
  );
});

test("an upgrade that waits gets an outcome when it cannot run any more", () => {
  const unwritable = new Story().start().request().request();
  unwritable.send({ type: "persist-failed", failure: failure("state-unwritable") });
  assert.deepEqual(
    unwritable.state.outcomes.slice(-2).map((outcome) => [outcome.upgrade, outcome.failure?.reason]),
    [
      [2, "state-unwritable"],
      [3, "state-unwritable"],
    ],
  );
  const start = new Story().begin().request().send(notPrepared(1, "config-invalid"));
  assert.deepEqual(
    start.state.outcomes.map(({ upgrade }) => upgrade),
    [1, 2],
  );
  const drained = new Story().start().request().request().send({ type: "drain-requested" });
  assert.deepEqual(
    drained.state.outcomes.map(({ upgrade }) => upgrade),
    [1, 2, 3],
  );
  assert.equal(drained.state.lifecycle.phase, "drained");
});
