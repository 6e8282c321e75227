import assert from "node:assert/strict";
import { test } from "node:test";
import { formatStatus } from "../../../src/cli/format-status.js";
import type { GenerationReport, ProofReport, StatusReport } from "../../../src/control/replies.js";
import { counterNames } from "../../../src/lib/counters.js";
import type { ModelFailure } from "../../../src/model/failure.js";
import { report } from "../control/fake-port.js";

const now = 1_700_000_060_000;
const page = (changes: Partial<StatusReport>): string =>
  formatStatus({ ...report, ...changes }, now, { paint: (_, text) => text, width: Number.POSITIVE_INFINITY });
const judged = (proof: ProofReport, detail: string): GenerationReport[] =>
  report.generations.map((generation) => ({ ...generation, proof, detail }));
const numbers = { generation: 8, servedMs: 1_000, deaths: 0, responses: 120, failed: 1 };

test("the numbers of both versions in a trial are told in words", () => {
  const before = { ...numbers, generation: 7, responses: 2_400, failed: 0, deaths: 1 };
  const share = { wanted: 0.05, measured: 0.048 };
  const proof: ProofReport = { kind: "trial", leftMs: 2_000, failure: null, now: numbers, before, share };
  const lines = page({ generations: judged(proof, "on trial, 2 s left") });
  assert.match(
    lines,
    /^generation 8 on trial, in 1 s: 120 responses, 0\.8 % failed, no worker died\ngeneration 7 meanwhile: 2400 responses, 0 % failed, workers died once$/m,
  );
  assert.match(lines, /^generation 8 takes 4\.8 % of the new connections; trial\.share is 5 %$/m);
  assert.match(lines, /^8 +active .* on trial, 2 s left$/m);
});

test("in a probation the version before is told with all its time, and plain workers with their deaths alone", () => {
  const plain = { ...numbers, responses: 0, failed: 0, deaths: 2 };
  const before = { ...numbers, generation: 7, servedMs: 7_200_000 };
  const judging = { kind: "probation", leftMs: 41_000, failure: null } as const;
  const proof: ProofReport = { ...judging, now: plain, before, share: null };
  assert.match(
    page({ generations: judged(proof, "") }),
    /^generation 8 on probation, in 1 s: no response counted, workers died 2 times\ngeneration 7 before, in 2 h: 120 responses, /m,
  );
  const alone = page({ generations: judged({ ...proof, before: null }, "") });
  assert.doesNotMatch(alone, /generation 7/);
});

test("what was rejected is listed, with its reason in one line", () => {
  const failure: ModelFailure = { reason: "trial-failed", message: "a worker died\nwith a \x1b[2Jtrace" };
  const rejected = [{ generation: 7, version: null, at: now - 90_000, by: "judge" as const, failure }];
  assert.match(page({ rejected }), /^7 +- +1 min 30 s +judge +a worker died$/m);
  assert.doesNotMatch(page({}), /REJECTED/);
});

test("where metrics are told, and why not, is told", () => {
  const told = page({ metrics: { addresses: ["127.0.0.1:9464"], problem: "metrics.address: it is taken" } });
  assert.match(told, /^metrics at 127\.0\.0\.1:9464\nwarning: metrics\.address: it is taken$/m);
  assert.doesNotMatch(page({}), /metrics/);
});

test("a queue that stands still is told beside its length", () => {
  const [http] = report.listeners;
  assert.ok(http !== undefined);
  const listeners = [{ ...http, backlog: { queued: 3, limit: 511 }, stalledMs: 12_000 }];
  assert.match(page({ listeners }), /^http +127\.0\.0\.1:8080 +bound +3\/511 still for 12 s +8$/m);
});

test("responses are shown by class where some were counted, and no table of counters is wider than 100 columns", () => {
  assert.doesNotMatch(page({}), /RESPONSES OF/);
  const counted = counterNames.map((name) => [name, 123_456_789_012]);
  const totals = [{ listener: "a-long-name-of-a-listener", ...Object.fromEntries(counted) }];
  const lines = page({ totals }).split("\n");
  const from = lines.findIndex((line) => line.startsWith("TOTAL OF"));
  assert.match(lines.slice(from).join("\n"), /^RESPONSES OF +BELOW 400 +4XX +5XX +ABORTED +SLOW$/m);
  for (const line of lines.slice(from)) assert.ok(line.length <= 100, line);
});
