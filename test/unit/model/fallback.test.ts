import assert from "node:assert/strict";
import { test } from "node:test";
import { degradation, summarize } from "../../../src/model/view.js";
import { copied, notPrepared, prepared, specify } from "./sample.js";
import { ids, on, startAgain, upgradeTo } from "./snapshot-story.js";
import { Story } from "./story.js";

test("a start whose release fails brings back what ran last, and says so until an upgrade succeeds", () => {
  const story = startAgain(new Story().start({ ...on, release: "/srv" }));
  assert.equal(story.state.upgrade?.kind, "start");
  story.send(prepared(2, specify({ ...on, release: "/srv" }))).send(copied(2, "bad"));
  story.spawnAll().exit(2, 0, 3);
  assert.equal(story.state.upgrade?.kind, "fallback");
  assert.equal(story.did("prepare")[0]?.again?.snapshot, 1);
  assert.deepEqual(story.did("exit"), []);
  story.candidate({ ...on, release: "/srv" }).allReady();
  assert.deepEqual([story.active, story.generation(3).snapshot], [3, 1]);
  assert.match(degradation(story.state) ?? "", /what ran last serves: worker 2\.0 exited with status 3/);
  assert.match(summarize(story.state), /^generation 3, 2 workers ready; the release could not be started/);
  story.exit(2, 1, 0);
  assert.deepEqual(ids(story).at(-1), [2, "removing"]);
  upgradeTo(story, "/good");
  assert.equal(degradation(story.state), null);
});

test("a config that cannot be read at a start is a release that fails", () => {
  const story = startAgain(new Story().start({ ...on, release: "/srv" }));
  story.send(notPrepared(2, "config-invalid"));
  story.candidate({ ...on, release: "/srv" }).allReady();
  assert.deepEqual([story.active, story.generation(2).snapshot], [2, 1]);
});

test("when what ran last fails too, the service ends with the first reason, having tried once", () => {
  const story = startAgain(new Story().start({ ...on, release: "/srv" }));
  story.send(notPrepared(2, "config-invalid")).send(notPrepared(3, "command-missing"));
  assert.deepEqual(story.did("exit"), [{ type: "exit", status: "failed" }]);
  const { lifecycle } = story.state;
  assert.equal(lifecycle.phase === "stopping" && lifecycle.failure?.reason, "config-invalid");
});

test("nothing else is tried when what failed is what ran last, untouched", () => {
  const story = startAgain(new Story().start({ ...on, release: "/srv" })).candidate({
    ...on,
    release: "/srv",
  });
  story.exit(2, 0, 3).exit(2, 1, 0);
  assert.deepEqual(story.did("exit"), [{ type: "exit", status: "failed" }]);
});

test("a first start that fails has nothing to bring back", () => {
  const story = new Story().begin();
  story.send(notPrepared(1, "config-invalid"));
  assert.deepEqual(story.did("exit"), [{ type: "exit", status: "failed" }]);
});

test("a request that waits for the start is for the service that what ran last brings back", () => {
  const story = startAgain(new Story().start({ ...on, release: "/srv" })).request();
  story.send(notPrepared(2, "config-invalid"));
  assert.deepEqual([story.state.upgrade?.kind, story.state.queued?.kind], ["fallback", "upgrade"]);
  story.candidate({ ...on, release: "/srv" }).allReady();
  assert.deepEqual([story.active, story.state.upgrade?.kind], [2, "upgrade"]);
});
