import assert from "node:assert/strict";
import { test } from "node:test";
import { nextDeadline } from "../../../src/model/deadlines.js";
import type { Action } from "../../../src/model/event.js";
import { drainTimeoutMs, failure, killMs, prepared, processOf, readyTimeoutMs, specify } from "./sample.js";
import { Story } from "./story.js";

const verify = { http: "/healthz", status: 200, timeoutMs: 5_000 };

test("after a crash or a reexec the next daemon adopts the workers and starts no generation", () => {
  for (const leave of [false, true]) {
    const story = new Story().start();
    if (leave) story.send({ type: "leave-requested", next: "adopt" });
    const before = story.generation(1);
    story.die();
    assert.deepEqual(story.generation(1), before);
    assert.equal(story.state.lifecycle.phase, "running");
    assert.deepEqual([...story.did("prepare"), ...story.did("spawn")], []);
  }
});

test("after a restart the next daemon adopts the workers and upgrades", () => {
  const story = new Story().start().send({ type: "leave-requested", next: "upgrade" }).die();
  assert.equal(story.active, 1);
  assert.equal(story.state.upgrade?.kind, "restart");
  story.candidate().allReady();
  assert.equal(story.active, 2);
});

test("a restart in the middle of an upgrade ends that one and the one that waits, and begins its own", () => {
  const story = new Story().start().request().candidate().request();
  story.send({ type: "leave-requested", next: "upgrade" }).die();
  assert.deepEqual(
    story.state.outcomes.slice(-2).map((outcome) => [outcome.upgrade, outcome.failure?.reason]),
    [
      [2, "superseded"],
      [3, "superseded"],
    ],
  );
  assert.equal(story.generation(2).stage.phase, "draining");
  assert.equal(story.state.upgrade?.kind, "restart");
});

test("a restart in the middle of the first start begins the start again", () => {
  const story = new Story().begin().candidate();
  story.send({ type: "leave-requested", next: "upgrade" }).die();
  assert.equal(story.state.lifecycle.phase, "starting");
  assert.equal(story.state.upgrade?.kind, "start");
  story.candidate().allReady();
  assert.equal(story.active, 2);
});

test("a worker that died with the daemon is started again by its own generation", () => {
  const story = new Story().start().die(["1.1"]);
  assert.deepEqual(story.did("spawn"), [{ type: "spawn", generation: 1, index: 0 }]);
  assert.equal(story.run(1, 1).phase, "ready");
});

test("when all workers died with the daemon their generation is active still and starts them", () => {
  const story = new Story().start().die([]);
  assert.equal(story.active, 1);
  assert.equal(story.did("spawn").length, 2);
});

test("a worker that was wanted and never started is started", () => {
  const story = new Story().start().request().send(prepared(2)).die();
  assert.deepEqual(
    story.did("spawn").map(({ generation, index }) => `${generation}.${index}`),
    ["2.0", "2.1"],
  );
});

test("an upgrade goes on where the last daemon left it", () => {
  const preparing = new Story().start().request().die();
  assert.deepEqual(
    preparing.did("prepare").map(({ upgrade }) => upgrade),
    [2],
  );
  const checking = new Story()
    .start()
    .request()
    .send(prepared(2, specify({ check: ["check"] })))
    .die();
  assert.deepEqual(checking.did("check"), [{ type: "check", generation: 2 }]);
  const starting = new Story().start().request().candidate().ready(2, 0).die();
  assert.deepEqual(
    // What is due for the active generation is done again: the last daemon may not have come to it.
    starting.actions.filter(({ type }) => !["announce", "activate", "apply-modes"].includes(type)),
    [],
  );
  starting.ready(2, 1);
  assert.equal(starting.active, 2);
  const verifying = new Story().start().request().candidate({ verify }).ready(2, 0).ready(2, 1).die();
  assert.deepEqual(verifying.did("verify"), [{ type: "verify", generation: 2 }]);
});

const begunAgain: readonly [what: Action["type"], story: () => Story][] = [
  [
    "make-snapshot",
    () =>
      new Story()
        .start()
        .request()
        .send(prepared(2, specify({ snapshot: true }))),
  ],
  [
    "check",
    () =>
      new Story()
        .start()
        .request()
        .send(prepared(2, specify({ check: ["check"] }))),
  ],
  ["verify", () => new Story().start().request().candidate({ verify }).ready(2, 0).ready(2, 1)],
  ["examine", () => new Story().start().request().candidate().after(readyTimeoutMs)],
];

for (const [what, begin] of begunAgain) {
  test(`what the next daemon begins again has its whole time again: ${what}`, () => {
    const story = begin();
    const timeMs = (nextDeadline(story.state) ?? 0) - story.now;
    story.pass(timeMs - 1).die();
    assert.equal(story.did(what).length, 1);
    assert.equal(nextDeadline(story.state), story.now + timeMs);
  });
}

test("time spent dead counts: a candidate that is overdue is aborted at the next tick", () => {
  const story = new Story().start().request().candidate().pass(readyTimeoutMs).die().after(0);
  assert.deepEqual(story.did("examine"), [{ type: "examine", generation: 2 }]);
  story.die();
  assert.deepEqual(story.did("examine"), [{ type: "examine", generation: 2 }]);
  story.ready(2, 0).send({ type: "examined", generation: 2, why: "it listens elsewhere" });
  assert.equal(story.lastOutcome?.failure?.reason, "start-timeout");
  assert.match(
    story.lastOutcome?.failure?.message ?? "",
    /^1 of 2 .* not ready within .*: it listens elsewhere$/,
  );
});

test("one that is ready at last while it is looked at is taken", () => {
  const story = new Story().start().request().candidate().after(readyTimeoutMs).ready(2, 0).ready(2, 1);
  assert.equal(story.active, 2);
  story.send({ type: "examined", generation: 2, why: "it was slow" });
  assert.equal(story.lastOutcome?.failure, null);
});

test("a ready command is run again for a worker that is not ready yet", () => {
  const rule = { when: "command", command: ["curl"] } as const;
  const story = new Story().start().request();
  story.candidate({ workers: 1, ready: { rule, timeoutMs: readyTimeoutMs } }).die();
  assert.deepEqual(
    story.did("await-ready").map(({ generation }) => generation),
    [2],
  );
});

test("a SIGTERM that was intended is sent, one that was sent is not sent again", () => {
  const story = new Story().start().request().candidate().allReady().die();
  assert.equal(story.did("terminate").flatMap(({ slots }) => slots).length, 2);
  const [terminate] = story.did("terminate");
  story.send({ type: "signalled", slots: terminate?.slots ?? [], plain: [] }).die();
  assert.deepEqual(story.did("terminate"), []);
});

test("what goes on in the place of a worker that drained is asked to end by the next daemon, too", () => {
  const story = new Story().start().request().candidate().allReady();
  const [terminate] = story.did("terminate");
  story.send({ type: "signalled", slots: terminate?.slots ?? [], plain: terminate?.slots ?? [] });
  const pid = story.pidOf(1, 0) ?? 0;
  const left = processOf(900);
  const exit = { code: 0, signal: null };
  story.send({ type: "worker-exited", generation: 1, index: 0, pid, exit, left });
  assert.deepEqual(
    story.did("follow").map(({ process }) => process),
    [left],
  );
  story.die();
  assert.deepEqual(
    story.did("terminate").flatMap(({ slots }) => slots.map(({ process }) => process)),
    [left],
  );
});

test("a SIGKILL that was intended is sent again, for nothing else would end the worker", () => {
  const drain = new Story()
    .start()
    .request()
    .candidate()
    .allReady()
    .after(drainTimeoutMs)
    .after(killMs)
    .die();
  assert.equal(drain.did("kill").length, 2);
  const overdue = new Story()
    .start({ workers: 1 })
    .exit(1, 0)
    .after(100)
    .spawnAll()
    .after(readyTimeoutMs)
    .die();
  assert.equal(overdue.did("kill").length, 1);
});

test("a generation that drained to its end while no daemon lived leaves the state", () => {
  const story = new Story().start().request().candidate().allReady().die(["2.0", "2.1"]);
  assert.deepEqual(
    story.state.generations.map(({ id }) => id),
    [2],
  );
});

test("a stop that a daemon did not live to finish ends its workers, and the service starts anew", () => {
  const story = new Story().start().send({ type: "stop-requested", fast: false }).die();
  assert.equal(story.state.upgrade?.kind, "start");
  assert.equal(story.did("terminate").length, 1);
  story.send({ type: "listener-closed", id: 1 }).candidate().allReady();
  assert.equal(story.active, 2);
});

test("a restart while the state cannot be written has an outcome and leaves the workers alone", () => {
  const story = new Story().start().send({ type: "persist-failed", failure: failure("state-unwritable") });
  story.send({ type: "leave-requested", next: "upgrade" }).die();
  assert.equal(story.lastOutcome?.failure?.reason, "state-unwritable");
  assert.equal(story.active, 1);
});

test("a listener that was to be closed is closed by the next daemon, and then forgotten", () => {
  const story = new Story().start().send({ type: "stop-requested", fast: false }).end(1).die();
  assert.deepEqual(
    story.did("close-listener").map(({ listener }) => listener.id),
    [1],
  );
  story.send({ type: "listener-closed", id: 1 });
  assert.deepEqual(story.state.closing, []);
});
