import type {
  ControlCommand,
  ControlPort,
  Exposition,
  HistoryEntry,
  StatusReport,
  Submission,
  UpgradeWish,
} from "../../../src/control/port.js";
import type { ControlFailure } from "../../../src/control/replies.js";
import { nothingCounted } from "../../../src/lib/counters.js";
import { succeed } from "../../../src/lib/failure.js";
import { formatMetrics } from "../../../src/metrics/format-metrics.js";
import type { ProcessFacts } from "../../../src/metrics/process-metrics.js";
import type { News } from "../../../src/model/event.js";
import type { ModelFailure } from "../../../src/model/failure.js";
import type { Asker, FinalVerdict, Outcome } from "../../../src/model/upgrade-state.js";

const counted = { ...nothingCounted, accepted: 9, requests: 40, adopted: 2 };

export const report: StatusReport = {
  name: "web",
  version: "0.1.0",
  pid: 4711,
  unit: null,
  lifecycle: "running",
  summary: "generation 8, 1 worker ready",
  degraded: null,
  unwritable: null,
  upgrade: null,
  lastUpgrade: null,
  accounts: [],
  tally: null,
  generations: [
    {
      id: 8,
      phase: "active",
      staged: false,
      detail: null,
      proof: { kind: "proved", leftMs: null, failure: null, now: null, before: null, share: null },
      release: "/srv/web",
      version: "1.2.3",
      snapshot: 8,
      directory: "/var/lib/holdfast/web/releases/8",
      createdAt: 1_700_000_000_000,
      workers: [
        {
          name: "8.0",
          phase: "ready",
          pid: 4712,
          ageMs: 60_000,
          residentBytes: 35_000_000,
          crashes: 0,
          native: true,
          lagMs: 2,
          servers: [
            {
              listener: "http",
              kind: "http",
              counters: { open: 3, inFlight: 1, ...counted },
            },
          ],
          status: "fine",
        },
      ],
      counters: counted,
    },
  ],
  listeners: [
    {
      name: "http",
      address: "127.0.0.1:8080",
      origin: "bound",
      generations: [8],
      backlog: { queued: 0, limit: 511 },
      stalledMs: null,
      down: null,
    },
  ],
  upMs: 3_600_000,
  totals: [
    {
      ...nothingCounted,
      listener: "http",
      accepted: 90,
      requests: 400,
      moved: 20,
      adopted: 20,
      finished: 5,
      cut: 1,
    },
  ],
  written: [],
  rejected: [],
  rolledBack: null,
  notifyDropped: 0,
  reexecFailed: null,
  metrics: null,
};

const daemonFacts: ProcessFacts = {
  cpuSeconds: 1.5,
  residentBytes: 57_000_000,
  virtualBytes: 1_100_000_000,
  startedAtSeconds: 1_699_990_000,
  openFds: 31,
  maxFds: 524_288,
};

export function outcomeOf(upgrade: number, failure: ModelFailure | null = null): Outcome {
  const endedAt = 1_700_000_000_000;
  return {
    upgrade,
    kind: "upgrade",
    generation: 9,
    failure,
    asked: null,
    endedAt,
    tookMs: 410,
    verdict: null,
  };
}

/** A daemon that does what the test tells it to. */
export class FakePort implements ControlPort {
  report_: StatusReport = report;
  history_: readonly HistoryEntry[] = [];
  changes_: Awaited<ReturnType<ControlPort["changes"]>> = succeed({
    release: "/srv/web",
    version: "1.2.3",
    commit: null,
    generations: [],
  });
  /** The generation that the last command named. */
  to: number | undefined;
  /** Who asked last, and why. */
  asked: object | undefined;
  /** When it is asked for metrics. */
  now = 1_700_000_000_000;
  readonly commands: ControlCommand[] = [];
  readonly outcomes = new Map<number, Outcome>();
  readonly pending = new Set<number>();
  readonly listeners = new Set<(news: News) => void>();
  refusal: ControlFailure | undefined;
  onSubmit: (command: ControlCommand) => void = () => {};
  nextUpgrade = 12;
  /** The upgrade of the generation that a commit keeps. */
  committed: number | null = null;

  report(): StatusReport {
    return this.report_;
  }

  history(): readonly HistoryEntry[] {
    return this.history_;
  }

  async changes(): ReturnType<ControlPort["changes"]> {
    return this.changes_;
  }

  async refresh(): Promise<void> {}

  async recount(): Promise<void> {}

  metrics(): Exposition {
    return formatMetrics(this.report_, daemonFacts, this.now);
  }

  submit(command: ControlCommand, wish: UpgradeWish = {}, by?: Asker): Submission {
    this.to = wish.to;
    this.asked = { by, message: wish.message ?? null };
    this.commands.push(command);
    if (this.refusal !== undefined) return { accepted: false, failure: this.refusal };
    const upgrade = command === "upgrade" || command === "rollback" ? this.nextUpgrade++ : this.committed;
    if (upgrade !== null) this.pending.add(upgrade);
    this.onSubmit(command);
    return { accepted: true, upgrade };
  }

  progressOf(upgrade: number) {
    const outcome = this.outcomes.get(upgrade);
    if (outcome !== undefined) return { phase: "ended", outcome } as const;
    return { phase: this.pending.has(upgrade) ? "pending" : "unknown" } as const;
  }

  subscribe(listener: (news: News) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell(news: Partial<News>): void {
    const whole: News = { event: "test", level: "info", message: "", ...news };
    for (const listener of this.listeners) listener(whole);
  }

  /** Says what became of an upgrade's generation. */
  pronounce(upgrade: number, verdict: FinalVerdict, news: Partial<News> = {}): void {
    this.outcomes.set(upgrade, { ...outcomeOf(upgrade), verdict });
    this.tell({ message: "the verdict", ...news });
  }

  conclude(upgrade: number, failure: ModelFailure | null = null): void {
    this.outcomes.set(upgrade, outcomeOf(upgrade, failure));
    this.tell({ event: failure === null ? "upgrade-done" : "upgrade-failed", message: "the end", upgrade });
  }
}
