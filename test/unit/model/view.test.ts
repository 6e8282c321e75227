import assert from "node:assert/strict";
import { test } from "node:test";
import { degradation, summarize, viewService } from "../../../src/model/view.js";
import { readyTimeoutMs } from "./sample.js";
import { Story } from "./story.js";

test("the status is one sentence that says what serves, and what became of the last upgrade", () => {
  const story = new Story();
  const says = (sentence: string): void => assert.equal(summarize(story.state), sentence);
  story.begin();
  says("starting generation 1");
  story.candidate().pass(410).allReady();
  says("generation 1, 2 workers ready; start at 00:16:40 UTC took 0.41 s");
  story.request().candidate();
  says("generation 1, 2 workers ready; upgrade to generation 2 is under way");
  story.pass(90).allReady();
  says("generation 2, 2 workers ready; last upgrade at 00:16:40 UTC took 90 ms; draining 1");
  story.exit(1, 0).exit(1, 1).exit(2, 0);
  says("generation 2, 1 of 2 workers ready; last upgrade at 00:16:40 UTC took 90 ms");
  story.request().candidate().exit(3, 0).exit(3, 1);
  const why = "worker 3.0 exited with status 1 before it was ready";
  says(`generation 2, 1 of 2 workers ready; upgrade to generation 3 failed: ${why}; still serving 2`);
  story.send({
    type: "persist-failed",
    failure: { reason: "state-unwritable", message: "the disk is full" },
  });
  assert.match(summarize(story.state), /; no upgrades: the disk is full$/);
});

test("a service whose first generation still boots is not as it should be", () => {
  const story = new Story().send({
    type: "recovered",
    alive: [],
    unconnected: [],
    snapshots: [],
    wanted: false,
  });
  assert.match(degradation(story.state) ?? "", /answers nobody yet/);
  story.candidate();
  assert.match(degradation(story.state) ?? "", /answers nobody yet/);
  story.allReady();
  assert.equal(degradation(story.state), null);
  story.send({ type: "stop-requested", fast: false });
  assert.equal(degradation(story.state), null);
});

test("READY=1 waits for the start, a reload is seen as one, and how long it may take is known", () => {
  const story = new Story().begin();
  const phase = (): string => viewService(story.state).phase;
  assert.equal(phase(), "starting");
  story.candidate();
  assert.equal(viewService(story.state).busyUntil, story.now + readyTimeoutMs);
  story.allReady();
  assert.deepEqual(viewService(story.state).busyUntil, null);
  assert.equal(phase(), "ready");
  story.request();
  assert.equal(phase(), "reloading");
  story.candidate().allReady();
  assert.equal(phase(), "ready");
  story.send({ type: "stop-requested", fast: false });
  assert.equal(phase(), "stopping");
});

test("a request that is refused says nothing about the service", () => {
  const story = new Story().start().send({ type: "upgrade-requested", kind: "rollback", to: 999 });
  assert.equal(story.lastOutcome?.failure?.reason, "nothing-before");
  assert.equal(degradation(story.state), null);
  assert.match(summarize(story.state), /start at .* took/);
  story.request().candidate().exit(2, 0);
  story.send({ type: "upgrade-requested", kind: "rollback", to: 999 });
  assert.match(degradation(story.state) ?? "", /the last upgrade failed: worker 2.0/);
});
