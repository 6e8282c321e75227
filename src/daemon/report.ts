import type {
  GenerationReport,
  ListenerReport,
  ReexecFailure,
  StatusReport,
  WorkerReport,
} from "../control/port.js";
import { version } from "../lib/version.js";
import { residentBytes } from "../linux/pidfd.js";
import type { HeldListeners } from "../listeners/held-listeners.js";
import type { Slot } from "../model/event.js";
import { type Generation, isLive, type Listener, type State, type Worker } from "../model/state.js";
import { nameWorker } from "../model/turn.js";
import { degradation, summarize } from "../model/view.js";
import type { WorkerReports } from "./worker-reports.js";

export interface ReportSources {
  readonly name: string;
  readonly unit: string | undefined;
  readonly listeners: HeldListeners;
  readonly nowMs: () => number;
  readonly reports: WorkerReports;
  readonly notifyDropped: () => number;
  readonly reexecFailed: ReexecFailure | null;
}

/** The state with what only the kernel knows: memory, backlogs. */
export function reportStatus(state: State, sources: ReportSources): StatusReport {
  const { name, unit, listeners, nowMs, reports, notifyDropped } = sources;
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
    generations: state.generations.map((generation) => reportGeneration(generation, nowMs(), reports)),
    listeners: state.listeners.map((listener) => reportListener(listener, state, listeners)),
    notifyDropped: notifyDropped(),
    reexecFailed: sources.reexecFailed,
  };
}

function reportGeneration(generation: Generation, now: number, reports: WorkerReports): GenerationReport {
  const { id, stage, specification, createdAt, workers } = generation;
  return {
    id,
    phase: stage.phase,
    detail: describeStage(generation),
    release: specification.plan.release,
    createdAt,
    workers: workers.map((worker) =>
      reportWorker({ generation: id, index: worker.index }, worker, now, reports),
    ),
    counters: reports.sum(id),
  };
}

const candidateSteps = {
  checking: "the check runs",
  starting: "waits for its workers to be ready",
  verifying: "is being verified",
};

function describeStage({ stage }: Generation): string | null {
  switch (stage.phase) {
    case "candidate":
      return candidateSteps[stage.step];
    case "active":
      return null;
    case "draining":
      switch (stage.why.kind) {
        case "superseded":
          return `superseded by generation ${stage.why.by}`;
        case "failed":
          return `failed: ${stage.why.failure.message}`;
        case "stopped":
          return "told to stop";
        default:
          return stage.why satisfies never;
      }
    default:
      return stage satisfies never;
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
