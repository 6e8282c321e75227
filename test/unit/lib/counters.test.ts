import assert from "node:assert/strict";
import { test } from "node:test";
import * as v from "valibot";
import { workerMessage } from "../../../src/channel/worker-messages.js";
import { statusReply } from "../../../src/control/replies.js";
import { nothingCounted, nothingOpen } from "../../../src/lib/counters.js";
import { initialState } from "../../../src/model/state.js";
import { recordSchema } from "../../../src/state/record.js";
import { report } from "../control/fake-port.js";

const { cut: _, ...older } = { ...nothingCounted, accepted: 7 };
const now = { ...nothingCounted, accepted: 7 };

test("a worker that does not know a counter has counted nothing of it", () => {
  const servers = [{ listener: "http", kind: "http", counters: { ...nothingOpen, ...older } }];
  const read = v.parse(workerMessage, { type: "report", query: 1, servers });
  assert.deepEqual(read, {
    type: "report",
    query: 1,
    servers: [{ listener: "http", kind: "http", counters: { ...nothingOpen, ...now } }],
  });
});

test("a state file from before a counter has nothing of it", () => {
  const counters = { ended: [{ listener: "http", ...older }], generations: [], workers: [] };
  const record = { name: "web", bootId: "1", revision: 1, state: { ...initialState, counters } };
  assert.deepEqual(v.parse(recordSchema, record).state.counters.ended, [{ listener: "http", ...now }]);
});

test("the status of a daemon that does not know a counter has nothing of it", () => {
  const totals = [{ listener: "http", ...older }];
  assert.deepEqual(v.parse(statusReply, { ...report, totals }).totals, [{ listener: "http", ...now }]);
});
