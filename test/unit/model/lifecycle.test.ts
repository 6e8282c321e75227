import assert from "node:assert/strict";
import { test } from "node:test";
import { nextDeadline } from "../../../src/model/deadlines.js";
import { drainTimeoutMs, killMs } from "./sample.js";
import { Story } from "./story.js";

function upgraded(): Story {
  return new Story().start().request().candidate().allReady();
}

test("a drain that takes too long gets SIGTERM again, then SIGKILL, and then nothing more", () => {
  const story = upgraded().after(drainTimeoutMs - 1);
  assert.deepEqual(story.actions, []);
  story.after(1);
  assert.equal(story.did("terminate").length, 1);
  assert.deepEqual(story.did("kill"), []);
  story.after(killMs);
  assert.deepEqual(
    story.did("kill").map(({ generation, index }) => `${generation}.${index}`),
    ["1.0", "1.1"],
  );
  assert.equal(nextDeadline(story.state), undefined);
  story.end(1);
  const [entry] = story.did("record").map((record) => record.entry);
  assert.ok(entry?.kind === "generation");
  assert.deepEqual([entry.generation, entry.cut], [1, true]);
});

test("a generation that drains by itself is recorded as whole and leaves the state", () => {
  const story = upgraded().end(1);
  const [entry] = story.did("record").map((record) => record.entry);
  assert.ok(entry?.kind === "generation");
  assert.deepEqual([entry.generation, entry.cut, entry.why], [1, false, { kind: "superseded", by: 2 }]);
  assert.deepEqual(
    story.state.generations.map(({ id }) => id),
    [2],
  );
});

test("many generations may drain at once, each with its own deadline", () => {
  const story = upgraded().pass(1_000).request().candidate().allReady();
  assert.deepEqual(
    story.state.generations.map(({ id, stage }) => `${id} ${stage.phase}`),
    ["1 draining", "2 draining", "3 active"],
  );
  story.after(drainTimeoutMs - 1_000);
  assert.deepEqual(
    story.did("terminate").flatMap(({ slots }) => slots.map(({ generation }) => generation)),
    [1, 1],
  );
});

test("a stop drains every generation and ends when the last worker has", () => {
  const story = upgraded().send({ type: "stop-requested", fast: false });
  assert.equal(story.state.lifecycle.phase, "stopping");
  assert.deepEqual(
    story.did("close-listener").map(({ listener }) => listener.id),
    [1],
    "clients are refused from now on",
  );
  story.end(1);
  assert.deepEqual(story.did("exit"), []);
  story.end(2);
  assert.deepEqual(story.did("exit"), [{ type: "exit", status: "stopped" }]);
});

test("a fast stop waits for the kill time only, and a second one not even that", () => {
  const once = new Story().start().send({ type: "stop-requested", fast: true });
  assert.equal(nextDeadline(once.state), once.now + killMs);
  const twice = once.send({ type: "stop-requested", fast: true });
  assert.equal(twice.did("kill").length, 2);
});

test("a stop makes a worker that waits for its replacement unwanted", () => {
  const story = new Story().start({ workers: 1 }).exit(1, 0).send({ type: "stop-requested", fast: false });
  assert.deepEqual(story.did("exit"), [{ type: "exit", status: "stopped" }]);
});

test("no upgrade begins once the service stops", () => {
  const story = new Story().start().send({ type: "stop-requested", fast: false }).request();
  assert.equal(story.lastOutcome?.failure?.reason, "stopping");
  assert.deepEqual(story.did("prepare"), []);
});

test("a drain on request ends the workers, keeps the listeners, and an upgrade brings workers back", () => {
  const story = new Story().start().send({ type: "drain-requested" });
  assert.equal(story.state.lifecycle.phase, "drained");
  story.end(1);
  assert.deepEqual([...story.did("close-listener"), ...story.did("exit")], []);
  assert.equal(story.state.listeners.length, 1);
  story.request().candidate().allReady();
  assert.equal(story.active, 2);
  assert.equal(story.state.lifecycle.phase, "running");
});

test("a drained service stays drained when an upgrade fails, and over a reexec", () => {
  const story = new Story().start().send({ type: "drain-requested" }).end(1).request().candidate().exit(2, 0);
  assert.equal(story.state.lifecycle.phase, "drained");
  story.send({ type: "leave-requested", next: "adopt" });
  assert.deepEqual(story.did("exit"), [{ type: "exit", status: "leaving-reexec" }]);
  story.die();
  assert.equal(story.state.lifecycle.phase, "drained");
  assert.deepEqual(story.did("prepare"), []);
  story.send({ type: "leave-requested", next: "upgrade" }).die();
  assert.equal(story.state.upgrade?.kind, "start");
});

test("leaving touches no worker", () => {
  for (const next of ["adopt", "upgrade"] as const) {
    const story = new Story().start().send({ type: "leave-requested", next });
    assert.deepEqual(
      story.actions.map(({ type }) => type).filter((type) => type !== "announce"),
      ["exit"],
    );
    assert.equal(story.active, 1);
  }
});

test("a daemon that leaves commits nothing, so that the next one still knows what it was left for", () => {
  const story = new Story().start().request().candidate().send({ type: "leave-requested", next: "upgrade" });
  story.allReady();
  assert.deepEqual(story.state.lifecycle, { phase: "leaving", next: "upgrade" });
  assert.equal(story.active, 1);
});
