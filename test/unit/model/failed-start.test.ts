import assert from "node:assert/strict";
import { test } from "node:test";
import { nextDeadline } from "../../../src/model/deadlines.js";
import { viewService } from "../../../src/model/view.js";
import { notPrepared, plainly } from "./sample.js";
import { Story } from "./story.js";

const first = { type: "recovered", alive: [], unconnected: [], snapshots: [] } as const;

function failed(): Story {
  const story = new Story().send({ ...first, wanted: false });
  return story.send(notPrepared(1, "listen-failed"));
}

test("a first start that fails ends the daemon with its failure as the last word, and the next one waits before it tries again", () => {
  const story = failed();
  assert.deepEqual(
    story.actions.slice(-2).map((action) => (action.type === "announce" ? action.news.event : action)),
    ["start-failed", { type: "exit", status: "failed" }],
  );
  story.die();
  assert.deepEqual(story.did("prepare"), []);
  assert.equal(nextDeadline(story.state), story.now + 100);
  assert.equal(viewService(story.state).busyUntil, story.now + 100);
  assert.match(viewService(story.state).status, /^the last start failed: cannot prepare/);
  story.after(100);
  assert.equal(story.did("prepare").length, 1);
});

test("the pause doubles with each start that fails, and goes on over the death of the daemon that waits", () => {
  const story = failed().die();
  for (const pauseMs of [100, 200, 400]) {
    assert.equal(nextDeadline(story.state), story.now + pauseMs);
    story.pass(pauseMs - 1).die();
    assert.deepEqual(story.did("prepare"), []);
    story.after(1);
    const { id } = story.state.upgrade ?? { id: 0 };
    story.send(notPrepared(id, "listen-failed")).die();
  }
});

test("a start that somebody asked for does not wait, nor does one after a stop, a restart, or a long time", () => {
  const wanted = failed().send({ ...first, wanted: true });
  assert.equal(wanted.did("prepare").length, 1);
  const stopped = failed().die().send({ type: "stop-requested", fast: false });
  assert.deepEqual(stopped.did("exit"), [{ type: "exit", status: "stopped" }]);
  assert.equal(stopped.die().did("prepare").length, 1);
  const restarted = failed().die().send({ type: "leave-requested", next: "upgrade" }).die();
  assert.equal(restarted.did("prepare").length, 1);
  const late = failed().pass(60_100).die();
  assert.equal(late.did("prepare").length, 1);
  assert.equal(late.state.failedStart, null);
});

test("an upgrade that is asked for while a start waits begins at once, and one that goes well ends the waiting", () => {
  const story = failed()
    .die()
    .send({ type: "upgrade-requested", kind: "upgrade", ...plainly });
  assert.equal(story.did("prepare").length, 1);
  story.candidate().allReady();
  assert.equal(story.active, 1);
  assert.equal(story.state.failedStart, null);
  assert.equal(nextDeadline(story.state), undefined);
});

test("a re-exec while a start waits leaves the waiting to the next daemon", () => {
  const story = failed().die().send({ type: "leave-requested", next: "adopt" }).die();
  assert.deepEqual(story.did("prepare"), []);
  assert.equal(nextDeadline(story.state), story.now + 100);
});
