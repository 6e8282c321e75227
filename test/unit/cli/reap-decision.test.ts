import assert from "node:assert/strict";
import { test } from "node:test";
import { decideReap } from "../../../src/cli/reap-decision.js";

const jobs = ["start", "stop", "restart", "reload", "other", "none", "unknown"] as const;

for (const job of jobs) {
  for (const status of [undefined, "0", "1", "75", "78", "KILL"]) {
    const acts = job === "stop" || (status === "78" && job !== "start" && job !== "restart");
    test(`job ${job}, exit status ${status}: left workers ${acts ? "end" : "stay"}`, () => {
      assert.equal(decideReap({ job, env: { EXIT_STATUS: status } }).act, acts);
    });
  }
}
