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

test("a rollback says which version it passes over, and returns to it when it is named", () => {
  const probed = { snapshot: true, probation: { timeMs: 60_000 } };
  const story = new Story().start(probed).after(3_600_000);
  const bring = (release: string, old: number): void => {
    story
      .request()
      .candidate({ ...probed, release })
      .allReady()
      .end(old);
  };
  bring("/2", 1);
  bring("/3", 2);
  story.request("rollback");
  const said = () => story.did("announce").filter(({ news }) => news.event === "rollback-passes-over");
  assert.deepEqual(
    said().map(({ news }) => news.generation),
    [2],
  );
  assert.equal(story.did("prepare")[0]?.again?.generation, 1);
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

test("a version that comes after a bad one is held against the last that was proved", () => {
  const judged = { snapshot: true, trial: { timeMs: 0, share: null }, probation: { timeMs: 60_000 } };
  const story = new Story().start(judged).after(3_600_000);
  story
    .request()
    .candidate({ ...judged, release: "/2" })
    .allReady()
    .end(1);
  story.request();
  // Before the third is there the second dies as often as it likes.
  story.send({ type: "worker-exited", ...exitOf(story, 2) });
  story.candidate({ ...judged, release: "/3" }).allReady();
  const { stage } = story.generation(3);
  assert.ok(stage.phase === "active" && stage.proof.kind === "probation");
  assert.deepEqual([stage.proof.before?.generation, stage.proof.before?.deaths], [1, 0]);
});

test("an upgrade is told to have ended after all that belongs to it has been done", () => {
  const story = new Story().start().request().candidate({ release: "/2" }).allReady();
  const done = story.actions.findIndex(
    (action) => action.type === "announce" && action.news.event === "upgrade-done",
  );
  for (const type of ["activate", "apply-modes", "terminate", "restore-backlogs"] as const) {
    const at = story.actions.findIndex((action) => action.type === type);
    assert.ok(at >= 0 && at < done, type);
  }
});

function exitOf(story: Story, generation: number) {
  const pid = story.pidOf(generation, 0);
  assert.ok(pid !== undefined);
  return { generation, index: 0, pid, exit: { code: 1, signal: null } };
}

test("a rollback runs what the generation before this one ran, whatever the config says now", () => {
  const story = new Story().start({ release: "/srv/old" });
  story.request("rollback");
  assert.equal(story.lastOutcome?.failure?.reason, "nothing-before");
  story.request().candidate({ release: "/srv/new" }).allReady().request("rollback");
  assert.equal(story.did("prepare")[0]?.again?.specification?.plan.release, "/srv/old");
});

test("a rollback finds the release before this one, however often this one has been started since", () => {
  const story = new Story().start({ release: "/srv/old" });
  for (let time = 0; time < 5; time += 1) story.request().candidate({ release: "/srv/new" }).allReady();
  story.request("rollback");
  assert.equal(story.did("prepare")[0]?.again?.specification?.plan.release, "/srv/old");
  story.candidate({ release: "/srv/old" }).allReady();
  assert.equal(story.generation(7).specification.plan.release, "/srv/old");
});
