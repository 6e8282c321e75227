import type { StatusReport, TallyReport } from "../../../src/control/replies.js";
import type { AccountReport } from "../../../src/lib/account.js";
import { FakePort } from "../control/fake-port.js";

/** The lines of what a service tells that is in this state, without those of HELP and TYPE. */
export function expose(change: Partial<StatusReport> = {}): readonly string[] {
  return exposeAll(change)
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
}

export function exposeAll(change: Partial<StatusReport> = {}): string {
  const port = new FakePort();
  port.report_ = { ...port.report_, ...change };
  return port.metrics()(undefined).text;
}

export const tally: TallyReport = {
  upgrades: [
    { kind: "start", result: "done", count: 1 },
    { kind: "upgrade", result: "done", count: 12 },
    { kind: "upgrade", result: "failed", count: 2 },
  ],
  verdicts: { proved: 10, rejected: 1, replaced: 2 },
  phases: [
    {
      phase: "ready",
      buckets: [
        { atMostMs: 100, count: 3 },
        { atMostMs: 1_000, count: 12 },
      ],
      sumMs: 6_500,
      count: 13,
    },
  ],
  deaths: 4,
  lastDoneAt: 1_699_999_000_000,
};

/** An upgrade that has been on trial for 30 s. */
export const account: AccountReport = {
  upgrade: 14,
  kind: "upgrade",
  asked: null,
  startedAt: 1_699_999_960_000,
  endedAt: null,
  phases: [
    { phase: "ready", afterMs: 200, tookMs: 9_800 },
    { phase: "trial", afterMs: 10_000, tookMs: null },
  ],
  old: null,
  new: null,
  witness: { overflows: 3, drops: 5, backlogs: [{ listener: "http", queued: 7, limit: 511 }], stillMs: 250 },
  failure: null,
  verdict: null,
};
