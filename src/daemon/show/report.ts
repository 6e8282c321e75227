import type {
  GenerationReport,
  ListenerReport,
  ReexecFailure,
  StatusReport,
  WorkerReport,
  WrittenReport,
} from "../../control/port.js";
import { version } from "../../lib/version.js";
import { residentBytes } from "../../linux/pidfd.js";
import type { HeldListeners } from "../../listeners/held-listeners.js";
import { generationTotals, serviceTotals } from "../../model/counters.js";
import type { EndReason, Slot } from "../../model/event.js";
import { sharedLine } from "../../model/snapshots.js";
import {
  type Generation,
  isLive,
  type Listener,
  type Proof,
  type State,
  type Worker,
} from "../../model/state.js";
import { nameWorker } from "../../model/turn.js";
import { degradation, summarize } from "../../model/view.js";
import type { WorkerReports } from "../native-workers/worker-reports.js";
import type { Snapshots } from "../perform/snapshots.js";

export interface ReportSources {
  readonly name: string;
  readonly unit: string | undefined;
  readonly listeners: HeldListeners;
  readonly nowMs: () => number;
  readonly reports: WorkerReports;
  readonly snapshots: Snapshots;
  readonly notifyDropped: () => number;
  readonly reexecFailed: ReexecFailure | null;
}

/** The state with what only the kernel knows: memory, backlogs. */
export function reportStatus(state: State, sources: ReportSources): StatusReport {
  const { name, unit, listeners, snapshots, notifyDropped } = sources;
  const { upgrade } = state;
  return {
    name,
    version,
    pid: process.pid,
    unit: unit ?? null,
    lifecycle: state.lifecycle.phase,
    summary: summarize(state),
    degraded: degradation(state),
    upgrade: upgrade === null ? null : { id: upgrade.id, generation: upgrade.generation },
    lastUpgrade: state.outcomes.at(-1) ?? null,
    generations: state.generations.map((generation) => reportGeneration(generation, state, sources)),
    listeners: state.listeners.map((listener) => reportListener(listener, state, listeners)),
    upMs: state.upSince === null ? null : sources.nowMs() - state.upSince,
    totals: serviceTotals(state),
    written: state.snapshots.flatMap(({ id, written }): WrittenReport[] => {
      if (written === null || written.length === 0) return [];
      const directory = snapshots.directoryOf(id);
      return [{ directory, paths: written, line: sharedLine(state, id, written) }];
    }),
    notifyDropped: notifyDropped(),
    reexecFailed: sources.reexecFailed,
  };
}

function reportGeneration(
  generation: Generation,
  state: State,
  { nowMs, reports, snapshots }: ReportSources,
): GenerationReport {
  const { id, stage, specification, version, snapshot, createdAt, workers } = generation;
  const now = nowMs();
  return {
    id,
    phase: stage.phase,
    detail: describeStage(generation),
    release: specification.plan.release,
    version,
    directory: snapshot === null ? specification.plan.release : snapshots.directoryOf(snapshot),
    createdAt,
    workers: workers.map((worker) =>
      reportWorker({ generation: id, index: worker.index }, worker, now, reports),
    ),
    counters: generationTotals(state, id),
  };
}

const candidateSteps = {
  copying: "its snapshot is made",
  checking: "the check runs",
  starting: "waits for its workers to be ready",
  verifying: "is being verified",
  staged: "stands by until it is committed",
};

export function describeStage({ stage }: Generation): string | null {
  switch (stage.phase) {
    case "candidate":
      return candidateSteps[stage.step];
    case "active":
      return describeProof(stage.proof);
    case "held":
      return `serves on until generation ${stage.by} is kept`;
    case "draining":
      return describeReason(stage.why);
    default:
      return stage satisfies never;
  }
}

function describeProof(proof: Proof): string | null {
  switch (proof.kind) {
    case "trial":
      return "on trial";
    case "probation":
      return "on probation";
    case "rejected":
      return proof.failure.message;
    case "proved":
      return null;
    default:
      return proof satisfies never;
  }
}

/** Why a generation ends or has ended. */
export function describeReason(why: EndReason): string {
  switch (why.kind) {
    case "superseded":
      return `superseded by generation ${why.by}`;
    case "rejected":
      return `rolled back to generation ${why.by}: ${why.failure.message}`;
    case "failed":
      return `failed: ${why.failure.message}`;
    case "stopped":
      return "told to stop";
    case "rebooted":
      return "the machine was started again";
    default:
      return why satisfies never;
  }
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
    servers: reports.of(slot),
    status,
  };
}

function reportListener(listener: Listener, state: State, held: HeldListeners): ListenerReport {
  const { id, name, address, origin } = listener;
  const users = state.generations.filter((generation) => generation.listeners.includes(id));
  return { name, address, origin, generations: users.map((user) => user.id), backlog: held.backlogOf(id) };
}
