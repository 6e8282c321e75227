import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExitStatus } from "../../../src/model/event.js";
import { firstServes } from "./judged.js";
import { Story } from "./story.js";

const bySigterm = { code: null, signal: "SIGTERM" };

/** Worker 0 of generation 1 ends; whether it is said that it did not handle SIGTERM. */
function isNoticed(story: Story, exit: ExitStatus, index = 0): boolean {
  const pid = story.pidOf(1, index) ?? 0;
  story.send({ type: "worker-exited", generation: 1, index, pid, exit });
  return story.did("announce").some(({ news }) => news.event === "sigterm-unhandled");
}

function drains(workers = 1): Story {
  return firstServes({ workers }).send({ type: "stop-requested", fast: false });
}

test("a worker that its first SIGTERM ends is told of, once a generation", () => {
  assert.equal(isNoticed(drains(), bySigterm), true);
  const two = drains(2);
  assert.deepEqual([isNoticed(two, bySigterm, 0), isNoticed(two, bySigterm, 1)], [true, false]);
});

test("nothing is told of one that ends by itself, handles the signal, is pressed, has never served, or was not asked", () => {
  assert.equal(isNoticed(drains(), { code: 0, signal: null }), false);
  assert.equal(isNoticed(drains().after(60_000), bySigterm), false);
  assert.equal(isNoticed(firstServes({ workers: 1 }), bySigterm), false);
  assert.equal(isNoticed(drains(), { ...bySigterm, handled: true }), false);
  const candidate = new Story().send({
    type: "recovered",
    alive: [],
    unconnected: [],
    snapshots: [],
    wanted: false,
  });
  candidate.candidate({ workers: 1 }).after(30_000);
  assert.equal(isNoticed(candidate, bySigterm), false);
});
