import assert from "node:assert/strict";
import { test } from "node:test";
import { failure } from "./sample.js";
import { Story } from "./story.js";

const verify = { http: "/healthz", status: 200, timeoutMs: 5_000 };

test("a candidate is verified between ready and commit", () => {
  const story = new Story().start().request().candidate({ verify, workers: 1 }).ready(2, 0);
  assert.deepEqual(story.did("verify"), [{ type: "verify", generation: 2 }]);
  assert.equal(story.active, 1);
  story.send({ type: "verified", generation: 2, failure: null, noWayBack: null });
  assert.equal(story.active, 2);
  assert.deepEqual(
    story.did("activate").map(({ slots }) => slots.map((slot) => slot.generation)),
    [[2]],
  );
});

test("a candidate that fails its verification never becomes active, and the old generation is told nothing", () => {
  const story = new Story().start().request().candidate({ verify, workers: 1 }).ready(2, 0);
  story.send({ type: "verified", generation: 2, failure: failure("verify-failed"), noWayBack: null });
  assert.equal(story.active, 1);
  assert.equal(story.lastOutcome?.failure?.reason, "verify-failed");
  assert.ok(story.did("terminate").every(({ slots }) => slots.every((slot) => slot.generation === 2)));
});

test("a verification without an answer ends at its deadline, a little later than the worker's own", () => {
  const story = new Story().start().request().candidate({ verify, workers: 1 }).ready(2, 0);
  story.after(verify.timeoutMs);
  assert.equal(story.lastOutcome?.generation, 1);
  story.after(1_000);
  assert.equal(story.lastOutcome?.failure?.reason, "verify-timeout");
  assert.equal(story.active, 1);
});

test("to try the state has time of its own, for each old worker that has some", () => {
  const story = new Story().start();
  for (const index of [0, 1]) story.send({ type: "worker-native", generation: 1, index, protocol: 2 });
  story.request().candidate({ verify, workers: 1 }).ready(2, 0);
  story.after(40_000 + verify.timeoutMs);
  assert.equal(story.lastOutcome?.generation, 1);
  story.after(1_000);
  assert.equal(story.lastOutcome?.failure?.reason, "verify-timeout");
});

test("to be warmed a candidate has the time that it had for being ready, before that of the verification", () => {
  const ready = { rule: { when: "notify" }, timeoutMs: 7_000 } as const;
  const story = new Story()
    .start()
    .request()
    .candidate({ warm: ["/"], verify, ready, workers: 1 })
    .ready(2, 0);
  assert.equal(story.did("verify").length, 1);
  story.after(7_000 + verify.timeoutMs);
  assert.equal(story.lastOutcome?.generation, 1);
  story.after(1_000);
  assert.equal(story.lastOutcome?.failure?.reason, "verify-timeout");
});

test("a candidate of plain workers that is to be warmed is not committed before", () => {
  const story = new Story()
    .start()
    .request()
    .candidate({ warm: ["/"], workers: 1 })
    .ready(2, 0);
  assert.equal(story.active, 1);
  story.send({ type: "verified", generation: 2, failure: null, noWayBack: null });
  assert.equal(story.active, 2);
});

test("a worker that dies while its candidate is verified aborts the upgrade", () => {
  const story = new Story().start().request().candidate({ verify, workers: 1 }).ready(2, 0).exit(2, 0, 1);
  assert.equal(story.lastOutcome?.failure?.reason, "worker-exited");
  story.send({ type: "verified", generation: 2, failure: null, noWayBack: null });
  assert.equal(story.active, 1);
});

test("a worker lost together with the daemon is ready again before its candidate is verified again", () => {
  const story = new Story().start().request().candidate({ verify, workers: 2 }).ready(2, 0).ready(2, 1);
  story.die(["1.0", "1.1", "2.0"]);
  assert.deepEqual(story.did("verify"), []);
  assert.deepEqual(
    story.did("spawn").map(({ generation, index }) => `${generation}.${index}`),
    ["2.1"],
  );
  story.send({ type: "verified", generation: 2, failure: null, noWayBack: null });
  assert.equal(story.active, 1);
});

test("with strategy exclusive the new workers accept after the old ones have let go", () => {
  const story = new Story().start().speak(1).request();
  story.candidate({ strategy: "exclusive", workers: 1 }).ready(2, 0);
  story.send({ type: "verified", generation: 2, failure: null, noWayBack: null });
  const [activation] = story.did("activate");
  assert.deepEqual(
    activation?.after.map(({ generation, index }) => `${generation}.${index}`),
    ["1.0", "1.1"],
  );
  const [termination] = story.did("terminate");
  assert.deepEqual(
    termination?.to.map(({ generation, index }) => `${generation}.${index}`),
    ["2.0"],
  );
});
