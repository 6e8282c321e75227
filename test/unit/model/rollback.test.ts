import assert from "node:assert/strict";
import { test } from "node:test";
import { Story } from "./story.js";

/** Generation 2 is what was deployed last, and generation 1 can be returned to. */
function upgraded(): Story {
  const story = new Story().start({ snapshot: true }).request().candidate({ snapshot: true, release: "/2" });
  return story.allReady().end(1);
}

test("a rollback goes to the generation before, and a second one has nothing to do", () => {
  const story = upgraded().request("rollback").candidate({ snapshot: true }).allReady();
  assert.equal(story.active, 3);
  assert.equal(story.generation(3).snapshot, 1);
  story.request("rollback");
  assert.equal(story.active, 3);
  assert.equal(story.state.upgrade, null);
  assert.deepEqual([story.lastOutcome?.kind, story.lastOutcome?.failure], ["rollback", null]);
  assert.deepEqual(story.did("prepare"), []);
});

test("an upgrade after a rollback is one like any other, and can be left by the next rollback", () => {
  const story = upgraded().request("rollback").candidate({ snapshot: true }).allReady().end(2);
  story.request().candidate({ snapshot: true, release: "/4" }).allReady().end(3);
  assert.equal(story.active, 4);
  story.request("rollback");
  assert.equal(story.state.upgrade?.kind, "rollback");
});

test("after a rollback, one that is asked for while an upgrade is under way waits to leave what that brings", () => {
  const story = upgraded().request("rollback").candidate({ snapshot: true }).allReady().end(2);
  story.request().request("rollback").candidate({ snapshot: true, release: "/4" }).allReady();
  assert.equal(story.active, 4);
  assert.equal(story.state.upgrade?.kind, "rollback");
});
