import type {
  GenerationReport,
  ListenerReport,
  ReexecFailure,
  StatusReport,
  WorkerReport,
  WrittenReport,
} from "../../control/port.js";
import type { MetricsReport } from "../../control/replies.js";
import { formatDuration } from "../../lib/duration.js";
import { version } from "../../lib/version.js";
import { residentBytes } from "../../linux/pidfd.js";
import type { HeldListeners } from "../../listeners/held-listeners.js";
import { reportAccount } from "../../model/account-report.js";
import { generationTotals, serviceTotals } from "../../model/counters.js";
import { describeStage } from "../../model/describe.js";
import type { Slot } from "../../model/event.js";
import { isLive } from "../../model/find.js";
import type { Generation, Worker } from "../../model/generation-state.js";
import { wayOut } from "../../model/listener-down.js";
import { sharedLine } from "../../model/snapshots.js";
import type { Listener, State } from "../../model/state.js";
import { nameWorker } from "../../model/turn.js";
import { degradation, summarize } from "../../model/view.js";
import type { WorkerReports } from "../native-workers/worker-reports.js";
import type { Snapshots } from "../perform/snapshots.js";
import { reportProof } from "./report-proof.js";
import { reportTally } from "./report-tally.js";

export interface ReportSources {
  readonly name: string;
  readonly unit: string | undefined;
  readonly listeners: HeldListeners;
  readonly nowMs: () => number;
  readonly reports: WorkerReports;
  readonly snapshots: Snapshots;
  /** How long clients have waited at a listener with nobody accepted; undefined where that is not so, or cannot be seen. */
  readonly stalledForMs: (listener: number) => number | undefined;
  /** The part of the new connections that a new generation takes in a trial with a share; null where nothing is measured. */
  readonly measuredShare: () => number | null;
  readonly notifyDropped: () => number;
  readonly reexecFailed: ReexecFailure | null;
  readonly metrics: () => MetricsReport;
}

/** The state with what only the kernel knows: memory, backlogs. */
export function reportStatus(state: State, sources: ReportSources): StatusReport {
  const { name, unit, snapshots, notifyDropped } = sources;
  const { upgrade } = state;
  const listeners = state.listeners.map((listener) => reportListener(listener, state, sources));
  return {
    name,
    version,
    pid: process.pid,
    unit: unit ?? null,
    lifecycle: state.lifecycle.phase,
    summary: summarize(state),
    degraded:
      degradation(state) ??
      describeDown(listeners) ??
      (state.lifecycle.phase === "running" ? describeStalled(listeners) : null),
    unwritable: state.unwritable?.message ?? null,
    upgrade: upgrade === null ? null : { id: upgrade.id, generation: upgrade.generation },
    lastUpgrade: state.outcomes.at(-1) ?? null,
    accounts: state.accounts.map((account) => reportAccount(state, account, null)),
    tally: reportTally(state.tally),
    generations: state.generations.map((generation) => reportGeneration(generation, state, sources)),
    listeners,
    upMs: state.upSince === null ? null : sources.nowMs() - state.upSince,
    totals: serviceTotals(state),
    written: state.snapshots.flatMap(({ id, written }): WrittenReport[] => {
      if (written === null || written.length === 0) return [];
      const directory = snapshots.directoryOf(id);
      return [{ directory, paths: written, line: sharedLine(state, id, written) }];
    }),
    rejected: state.rejected.map(({ generation, version, at, by, failure }) => {
      return { generation, version, at, by, failure };
    }),
    rolledBack: state.rolledBack,
    notifyDropped: notifyDropped(),
    reexecFailed: sources.reexecFailed,
    metrics: sources.metrics(),
  };
}

function reportGeneration(
  generation: Generation,
  state: State,
  { nowMs, reports, snapshots, measuredShare }: ReportSources,
): GenerationReport {
  const { id, stage, specification, version, snapshot, createdAt, workers } = generation;
  const now = nowMs();
  return {
    id,
    phase: stage.phase,
    staged: stage.phase === "candidate" && stage.step === "staged",
    detail: describeStage(generation, now),
    proof: reportProof(state, generation, now, measuredShare()),
    release: specification.plan.release,
    version,
    snapshot,
    directory: snapshot === null ? specification.plan.release : snapshots.directoryOf(snapshot),
    createdAt,
    workers: workers.map((worker) =>
      reportWorker({ generation: id, index: worker.index }, worker, now, reports),
    ),
    counters: generationTotals(state, id),
  };
}

function reportWorker(slot: Slot, worker: Worker, now: number, reports: WorkerReports): WorkerReport {
  const { run, crashes, status } = worker;
  const live = isLive(run) ? run : null;
  return {
    name: nameWorker(slot),
    phase: run.phase,
    pid: live?.process.pid ?? null,
    ageMs: live === null ? null : now - live.since,
    residentBytes: live === null ? null : (residentBytes(live.process.pid) ?? null),
    crashes,
    native: worker.native,
    lagMs: live === null ? null : reports.lagOf({ ...slot, pid: live.process.pid }),
    servers: reports.of(slot),
    status,
  };
}

function reportListener(
  listener: Listener,
  state: State,
  { listeners, stalledForMs }: ReportSources,
): ListenerReport {
  const { id, name, address, origin } = listener;
  const users = state.generations.filter((generation) => generation.listeners.includes(id));
  return {
    name,
    address,
    origin,
    generations: users.map((user) => user.id),
    backlog: listeners.backlogOf(id),
    down: listeners.obstacleTo(listener),
    stalledMs: stalledForMs(id) ?? null,
  };
}

function describeDown(listeners: readonly ListenerReport[]): string | null {
  const one = listeners.find(({ down }) => down !== null);
  if (one === undefined) return null;
  return `clients are refused at listener ${one.name}, because ${one.down}; ${wayOut(one)}`;
}

function describeStalled(listeners: readonly ListenerReport[]): string | null {
  const stalled = listeners.find(({ stalledMs }) => stalledMs !== null);
  if (stalled === undefined) return null;
  return `clients wait at the listener ${stalled.name}, and none has been accepted for ${formatDuration(stalled.stalledMs ?? 0)}`;
}
