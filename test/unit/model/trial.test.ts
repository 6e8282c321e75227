import assert from "node:assert/strict";
import { test } from "node:test";
import { degradation, summarize } from "../../../src/model/view.js";
import { Story } from "./story.js";

/** Generation 2 is on trial beside generation 1. */
function onTrial(): Story {
  return new Story().start().request("upgrade", true).candidate({ release: "/2" }).allReady();
}

function phases({ state }: Story): (string | number)[][] {
  return state.generations.map(({ id, stage }) => [id, stage.phase]);
}

test("held, the old generation is told nothing, and both serve", () => {
  const story = onTrial();
  assert.deepEqual(phases(story), [
    [1, "held"],
    [2, "active"],
  ]);
  assert.deepEqual(story.did("terminate"), []);
  assert.equal(story.state.upgrade, null);
  assert.match(summarize(story.state), /on trial beside generation 1/);
});

test("a commit drains the old generation, and nothing is on trial any more", () => {
  const story = onTrial().send({ type: "keep-requested" });
  assert.deepEqual(phases(story), [
    [1, "draining"],
    [2, "active"],
  ]);
  story.end(1);
  assert.doesNotMatch(summarize(story.state), /trial/);
  story.exit(2, 0);
  assert.deepEqual(phases(story), [[2, "active"]]);
});

test("a rollback makes the old generation the active one again at once, and the new one hands over to it", () => {
  const story = onTrial().request("rollback");
  assert.deepEqual(phases(story), [
    [1, "active"],
    [2, "draining"],
  ]);
  const [drain] = story.did("terminate");
  assert.deepEqual(
    drain?.to.map(({ generation }) => generation),
    story.generation(1).workers.map(() => 1),
  );
  assert.equal(story.state.outcomes.at(-1)?.failure, null);
});

test("a worker that ends on trial brings the old generation back by itself", () => {
  const story = onTrial().exit(2, 0);
  assert.deepEqual(phases(story), [
    [1, "active"],
    [2, "draining"],
  ]);
  assert.equal(story.state.outcomes.at(-1)?.failure?.reason, "trial-failed");
  assert.match(summarize(story.state), /still serving 1/);
});

test("with the old generation drained, a worker that ends on trial has it started again", () => {
  const story = onTrial().send({ type: "drain-requested" });
  assert.deepEqual(phases(story), [
    [1, "draining"],
    [2, "active"],
  ]);
  story.end(1).exit(2, 0);
  assert.equal(story.state.upgrade?.kind, "rollback");
  // That it succeeds is no reason to say nothing of what failed; a good version is.
  story.candidate().allReady();
  assert.deepEqual(phases(story).at(-1), [3, "active"]);
  assert.match(degradation(story.state) ?? "", /generation 2 was on trial/);
  assert.match(summarize(story.state), /rolled back to 1, .*generation 2 was on trial/);
  story.request().candidate({ release: "/4" }).allReady();
  assert.equal(degradation(story.state), null);
});

test("a crash in the held generation is repaired, an upgrade ends the trial, a stop ends all", () => {
  const story = onTrial().exit(1, 0);
  assert.equal(story.generation(1).workers[0]?.run.phase, "waiting");
  story.request().candidate({ release: "/3" }).allReady();
  assert.deepEqual(phases(story), [
    [1, "draining"],
    [2, "draining"],
    [3, "active"],
  ]);
  const stopped = onTrial().send({ type: "stop-requested", fast: false });
  assert.deepEqual(phases(stopped), [
    [1, "draining"],
    [2, "draining"],
  ]);
});

test("an upgrade in the middle of a trial: both generations before it hand over to the new one, and none to the other", () => {
  const story = onTrial().request().candidate({ release: "/3" }).allReady();
  const drains = story.did("terminate");
  assert.deepEqual(
    drains.map(({ slots, to }) => [slots[0]?.generation, to[0]?.generation]),
    [
      [1, 3],
      [2, 3],
    ],
  );
});

test("a daemon that dies on trial is followed by one that still knows of it", () => {
  const story = onTrial().die();
  assert.deepEqual(phases(story), [
    [1, "held"],
    [2, "active"],
  ]);
  story.request("rollback");
  assert.deepEqual(phases(story), [
    [1, "active"],
    [2, "draining"],
  ]);
});

test("with one writer nothing can be held", () => {
  const story = new Story()
    .start()
    .request("upgrade", true)
    .candidate({ release: "/2", strategy: "exclusive" });
  assert.equal(story.state.outcomes.at(-1)?.failure?.reason, "hold-exclusive");
});
