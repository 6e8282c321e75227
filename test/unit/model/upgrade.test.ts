import assert from "node:assert/strict";
import { test } from "node:test";
import { commits } from "../../../src/model/commit.js";
import { decide } from "../../../src/model/decide.js";
import type { Plan } from "../../../src/model/plan.js";
import {
  drainTimeoutMs,
  failure,
  notPrepared,
  prepared,
  processOf,
  readyTimeoutMs,
  specify,
} from "./sample.js";
import { Story } from "./story.js";

test("a start prepares, spawns, opens the gates and is active when every worker is ready", () => {
  const story = new Story().begin();
  assert.equal(story.did("prepare").length, 1);
  story.send(prepared(1));
  assert.deepEqual(
    story.did("spawn").map(({ index }) => index),
    [0, 1],
  );
  story.send({ type: "spawned", generation: 1, index: 0, process: processOf(7) });
  assert.deepEqual(story.did("open-gate"), [
    { type: "open-gate", generation: 1, index: 0, process: processOf(7) },
  ]);
  story.spawnAll().ready(1, 0);
  assert.equal(story.active, undefined);
  story.ready(1, 1);
  assert.equal(story.active, 1);
  assert.equal(story.state.lifecycle.phase, "running");
  assert.equal(story.lastOutcome?.failure, null);
  assert.equal(story.lastOutcome?.kind, "start");
});

test("an upgrade leaves the old generation serving until the new one is ready, and drains it then", () => {
  const story = new Story().start().request().candidate();
  assert.equal(story.active, 1);
  assert.equal(story.run(1, 0).phase, "ready");
  story.ready(2, 0).ready(2, 1);
  assert.equal(story.active, 2);
  assert.deepEqual(
    story
      .did("terminate")
      .flatMap(({ slots }) => slots.map(({ generation, index }) => `${generation}.${index}`)),
    ["1.0", "1.1"],
  );
  const { stage } = story.generation(1);
  assert.ok(stage.phase === "draining");
  assert.deepEqual(stage.why, { kind: "superseded", by: 2 });
  assert.equal(stage.deadline, story.now + drainTimeoutMs);
  assert.deepEqual(
    story.state.retired.map(({ generation }) => generation),
    [1],
  );
});

test("no worker starts before the check has passed", () => {
  const story = new Story().start().request();
  story.send(prepared(2, specify({ check: ["check"] })));
  assert.deepEqual(story.did("check"), [{ type: "check", generation: 2 }]);
  assert.deepEqual(story.did("spawn"), []);
  story.send({ type: "checked", generation: 2, failure: null });
  assert.equal(story.did("spawn").length, 2);
});

const checked: Partial<Plan> = { check: ["check"] };
const aborts: readonly [what: string, reason: string, fail: (story: Story) => Story][] = [
  ["what it needs is missing", "release-invalid", (story) => story.send(notPrepared(2, "release-invalid"))],
  [
    "its check fails",
    "check-failed",
    (story) =>
      story
        .send(prepared(2, specify(checked)))
        .send({ type: "checked", generation: 2, failure: failure("check-failed") }),
  ],
  [
    "its check does not end",
    "check-timeout",
    (story) => story.send(prepared(2, specify(checked))).after(readyTimeoutMs + 1_000),
  ],
  [
    "a worker cannot be spawned",
    "spawn-failed",
    (story) =>
      story
        .send(prepared(2))
        .send({ type: "spawn-failed", generation: 2, index: 1, failure: failure("spawn-failed") }),
  ],
  ["a worker dies at boot", "worker-exited", (story) => story.candidate().exit(2, 0)],
  ["a worker dies after it was ready", "worker-exited", (story) => story.candidate().ready(2, 0).exit(2, 0)],
  [
    "a worker is never ready",
    "start-timeout",
    (story) =>
      story
        .candidate()
        .ready(2, 0)
        .after(readyTimeoutMs)
        .send({ type: "examined", generation: 2, why: "nobody accepts" }),
  ],
  [
    "a worker is never ready, and nobody says why",
    "start-timeout",
    (story) => story.candidate().ready(2, 0).after(readyTimeoutMs).after(5_000),
  ],
  [
    "the state cannot be written",
    "state-unwritable",
    (story) => story.candidate().send({ type: "persist-failed", failure: failure("state-unwritable") }),
  ],
  [
    "the workers are told to drain",
    "drained",
    (story) => story.candidate().send({ type: "drain-requested" }),
  ],
  [
    "the service is stopped",
    "stopping",
    (story) => story.candidate().send({ type: "stop-requested", fast: false }),
  ],
];

for (const [what, reason, fail] of aborts) {
  test(`an upgrade is aborted when ${what}, and says so`, () => {
    const story = fail(new Story().start().request());
    assert.equal(story.state.upgrade, null);
    assert.equal(story.lastOutcome?.upgrade, 2);
    assert.equal(story.lastOutcome?.failure?.reason, reason);
    const { phase } = story.state.lifecycle;
    if (phase === "running") {
      assert.equal(story.active, 1);
      assert.deepEqual([story.run(1, 0).phase, story.run(1, 1).phase], ["ready", "ready"]);
    }
    const left = story.state.generations.find(({ id }) => id === 2);
    assert.ok(left === undefined || left.stage.phase === "draining");
  });
}

test("a generation that failed is drained like any other, and the next one has a number of its own", () => {
  const story = new Story().start().request().candidate().exit(2, 0);
  assert.deepEqual(
    story.did("terminate").flatMap(({ slots }) => slots.map(({ index }) => index)),
    [1],
  );
  story.exit(2, 1, 0);
  assert.deepEqual(
    story.state.generations.map(({ id }) => id),
    [1],
  );
  assert.equal(story.did("restore-backlogs").length, 1);
  story.request().candidate();
  assert.equal(story.state.generations.at(-1)?.id, 3);
});

test("a first start that fails stops the service as failed", () => {
  const story = new Story().begin().send(notPrepared(1, "config-invalid"));
  assert.deepEqual(story.did("exit"), [{ type: "exit", status: "failed" }]);
  const crashed = new Story().begin().candidate().exit(1, 0);
  assert.deepEqual(crashed.did("exit"), []);
  crashed.exit(1, 1, 0);
  assert.deepEqual(crashed.did("exit"), [{ type: "exit", status: "failed" }]);
});

test("no upgrade is begun while the state cannot be written, and again when it can", () => {
  const story = new Story()
    .start()
    .send({ type: "persist-failed", failure: failure("state-unwritable") })
    .request();
  assert.equal(story.lastOutcome?.failure?.reason, "state-unwritable");
  assert.equal(story.active, 1);
  story.send({ type: "persist-restored" }).request().candidate().allReady();
  assert.equal(story.active, 2);
});

test("a result for an upgrade that has ended starts nothing", () => {
  const story = new Story().start().request().send(notPrepared(2, "config-invalid")).send(prepared(2));
  assert.deepEqual(story.did("spawn"), []);
  assert.deepEqual(
    story.state.generations.map(({ id }) => id),
    [1],
  );
  story.request().candidate().exit(2, 0).send({ type: "checked", generation: 2, failure: null });
  assert.deepEqual(story.did("spawn"), []);
});

test("listeners that only the old generation uses are closed when it has ended, and not before", () => {
  const story = new Story().start().request();
  const moved = { ...story.state.listeners[0], id: 2, name: "http", address: "127.0.0.1:9090", inode: "9" };
  const held = [...story.state.listeners, { ...moved, file: null, origin: "bound" as const, backlog: null }];
  const specification = specify();
  const result = {
    ok: true as const,
    value: { specification, version: null, commit: null, held, listeners: [2] },
  };
  story.send({ type: "prepared", upgrade: 2, result }).spawnAll().allReady();
  assert.deepEqual(
    story.state.listeners.map(({ id }) => id),
    [1, 2],
  );
  story.exit(1, 0, 0);
  assert.deepEqual(story.did("close-listener"), []);
  story.exit(1, 1, 0);
  assert.deepEqual(
    story.did("close-listener").map(({ listener }) => listener.id),
    [1],
  );
});

test("only the step that makes a candidate active counts as a commit", () => {
  const story = new Story().start().request().candidate().ready(2, 0);
  const before = story.state;
  assert.equal(commits(story.ready(2, 0).state, before), false);
  assert.equal(commits(before, story.ready(2, 1).state), true);
});

test("a decision leaves the state that it was given as it was", () => {
  const story = new Story().start().request();
  const before = structuredClone(story.state);
  decide(story.state, prepared(2), { now: story.now, wall: 0 });
  assert.deepEqual(story.state, before);
});
