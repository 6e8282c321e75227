import type { StatusReport, WorkerReport } from "../../../src/control/replies.js";
import type { AccountReport } from "../../../src/lib/account.js";
import { nothingCounted } from "../../../src/lib/counters.js";
import type { InstanceView, Sample } from "../../../src/web/feed.js";

export function worker(name: string, open: number | null, more: Partial<WorkerReport> = {}): WorkerReport {
  const counters = { ...nothingCounted, open: open ?? 0, inFlight: 0 };
  return {
    name,
    phase: "ready",
    pid: 100,
    ageMs: 1_000,
    residentBytes: null,
    crashes: 0,
    native: open !== null,
    status: null,
    lagMs: null,
    servers: open === null ? [] : [{ listener: "http", kind: "http", counters }],
    ...more,
  };
}

type Generation = StatusReport["generations"][number];

export function generation(id: number, more: Partial<Generation> = {}): Generation {
  return {
    id,
    phase: "active",
    staged: false,
    detail: null,
    proof: null,
    snapshot: id,
    release: "/srv/web",
    version: `1.${id}`,
    directory: "/srv/web",
    createdAt: 0,
    workers: [worker(`${id}.0`, 10)],
    counters: null,
    ...more,
  };
}

export function status(more: Partial<StatusReport> = {}): StatusReport {
  return {
    name: "web",
    version: "0.1.0",
    pid: 1,
    unit: null,
    lifecycle: "running",
    summary: "serving generation 2",
    degraded: null,
    upgrade: null,
    lastUpgrade: null,
    accounts: [],
    tally: null,
    generations: [generation(2)],
    listeners: [],
    upMs: 1_000,
    totals: [],
    written: [],
    rejected: [],
    rolledBack: null,
    unwritable: null,
    metrics: null,
    notifyDropped: 0,
    reexecFailed: null,
    ...more,
  };
}

export function view(report: StatusReport | null, failure: string | null = null): InstanceView {
  return { name: "web", unit: null, status: report, failure, stopped: false };
}

export function side(generation: number, counters: Partial<typeof nothingCounted>): AccountReport["old"] {
  return { generation, listeners: [{ listener: "http", ...nothingCounted, ...counters }], deaths: 0 };
}

export function account(more: Partial<AccountReport> = {}): AccountReport {
  return {
    upgrade: 5,
    kind: "upgrade",
    asked: null,
    startedAt: 1_000,
    endedAt: null,
    phases: [],
    old: side(1, {}),
    new: side(2, {}),
    witness: null,
    failure: null,
    verdict: null,
    ...more,
  };
}

/** Open connections by generation. */
export function sample(at: number, open: Readonly<Record<number, number | null>>): Sample {
  const generations = Object.entries(open).map(([id, count]) => ({
    generation: Number(id),
    phase: "active",
    requests: null,
    failed: null,
    open: count,
    moved: null,
    adopted: null,
  }));
  return { at, generations, listeners: [], lagMs: null };
}
