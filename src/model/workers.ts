import { backoffMs } from "../lib/backoff.js";
import type { Event, ExitStatus, Slot, SlotProcess } from "./event.js";
import type { ModelFailure } from "./failure.js";
import { findGeneration, isLive } from "./find.js";
import type { Generation, Leaving, LiveRun, Process, Worker } from "./generation-state.js";
import { judgeDeathsOf } from "./judge.js";
import { tallyDeath } from "./tally.js";
import {
  act,
  announce,
  findWorker,
  liveWorkers,
  nameWorker,
  setRun,
  type Turn,
  updateGeneration,
  updateWorker,
} from "./turn.js";
import { noticeUnheard } from "./unheard-signal.js";
import { abort, dropStaged, failCandidate } from "./upgrade.js";

const steadyAfterMs = 60_000;

export function wantWorker(turn: Turn, slot: Slot): void {
  setRun(turn, slot, { phase: "spawning" });
  act(turn, { type: "spawn", generation: slot.generation, index: slot.index });
}

/** A process waits at its gate: from here on the state knows it, so it may run. */
export function workerSpawned(turn: Turn, spawned: SlotProcess): void {
  const { generation: id, index, process } = spawned;
  const slot = { generation: id, index, process };
  if (findWorker(turn.state, slot)?.run.phase !== "spawning") {
    act(turn, { type: "kill", ...slot });
    act(turn, { type: "forget", ...slot });
    return;
  }
  setRun(turn, slot, { phase: "starting", process, since: turn.clock.now });
  act(turn, { type: "open-gate", ...slot });
  awaitReady(turn, slot);
}

export function awaitReady(turn: Turn, slot: SlotProcess): void {
  const rule = findGeneration(turn.state, slot.generation)?.specification.plan.ready.rule;
  if (rule?.when === "command" || rule?.when === "accepts") act(turn, { type: "await-ready", ...slot });
}

export function spawnFailed(turn: Turn, slot: Slot, failure: ModelFailure): void {
  const generation = findGeneration(turn.state, slot.generation);
  const worker = findWorker(turn.state, slot);
  if (generation === undefined || worker?.run.phase !== "spawning") return;
  if (generation.stage.phase === "candidate") {
    abort(turn, failure);
  } else {
    backOff(turn, slot, worker, failure.message);
  }
}

export function workerReady(turn: Turn, slot: Slot, pid: number): void {
  const run = findWorker(turn.state, slot)?.run;
  if (run?.phase !== "starting" || run.process.pid !== pid) return;
  setRun(turn, slot, { ...run, phase: "ready" });
  const worker = nameWorker(slot);
  announce(turn, "info", "worker-ready", `worker ${worker} is ready`, {
    generation: slot.generation,
    worker,
    pid,
  });
  act(turn, { type: "restore-backlogs" });
}

/** One that says so when it has SIGTERM already is not asked again, and so is treated as a plain one. */
export function workerNative(turn: Turn, slot: Slot, protocol: number): void {
  if (findWorker(turn.state, slot)?.run.phase !== "draining")
    updateWorker(turn, slot, { native: true, protocol });
}

export function workerStatus(turn: Turn, slot: Slot, pid: number, text: string): void {
  const worker = findWorker(turn.state, slot);
  if (worker === undefined || !isLive(worker.run) || worker.run.process.pid !== pid) return;
  if (worker.status !== text) updateWorker(turn, slot, { status: text });
}

/**
 * A native worker is a plain one from now on. One that was asked to drain may not have read that, so it gets SIGTERM, once:
 * to one that has, its first SIGTERM after its channel's end says nothing new.
 */
export function channelLost(turn: Turn, slot: Slot): void {
  const generation = findGeneration(turn.state, slot.generation);
  const worker = findWorker(turn.state, slot);
  if (generation === undefined || worker === undefined) return;
  const { native, run } = disconnect(generation, worker);
  updateWorker(turn, slot, { native, run });
}

/** The worker without its channel. A candidate that stands by without one ends by itself. */
export function disconnect({ stage }: Generation, worker: Worker): Worker {
  if (!worker.native || stage.phase === "candidate") return worker;
  const told = stage.phase === "draining" ? stage.pressure !== "killed" : worker.leaving !== undefined;
  const unsure = worker.run.phase === "draining" && told;
  return { ...worker, native: false, run: unsure ? { ...worker.run, phase: "stopping" } : worker.run };
}

export function workerExited(
  turn: Turn,
  slot: Slot,
  { pid, exit, left }: Pick<Extract<Event, { type: "worker-exited" }>, "pid" | "exit" | "left">,
): void {
  const generation = findGeneration(turn.state, slot.generation);
  const worker = findWorker(turn.state, slot);
  if (generation === undefined || worker === undefined || !isLive(worker.run)) return;
  if (worker.run.process.pid !== pid) return;
  if (left !== undefined && mayFinish(generation)) {
    follow(turn, slot, worker.run, left);
    return;
  }
  act(turn, { type: "forget", generation: slot.generation, index: slot.index, process: worker.run.process });
  noticeUnheard(turn, generation, worker, exit);
  loseWorker(turn, generation, worker, exit);
}

/** It is told to end, and has its time for that: also where only a shell or npm has ended, which pass no signal on. */
function mayFinish({ stage }: Generation): boolean {
  return stage.phase === "draining" && stage.pressure !== "killed";
}

/** It is asked to end by whoever follows it: this daemon, or the next one. */
function follow(turn: Turn, { generation, index }: Slot, run: LiveRun, process: Process): void {
  setRun(turn, { generation, index }, { ...run, phase: "stopping", process });
  act(turn, { type: "follow", generation, index, before: run.process, process });
}

function loseWorker(turn: Turn, generation: Generation, worker: Worker, exit: ExitStatus): void {
  const how = describeExit(exit);
  const slot = { generation: generation.id, index: worker.index };
  const name = nameWorker(slot);
  if (worker.leaving !== undefined) {
    endWorker(turn, slot, how);
    letHeirAccept(turn, generation, worker, worker.leaving);
    return;
  }
  switch (generation.stage.phase) {
    case "candidate": {
      removeWorker(turn, slot);
      const said = worker.status === null ? "" : `, and said last: ${worker.status}`;
      const when =
        worker.run.phase === "ready" ? "after it was ready" : `before it was ready${said}${explainEnd(exit)}`;
      const failure: ModelFailure = { reason: "worker-exited", message: `worker ${name} ${how} ${when}` };
      dropStaged(turn, failure);
      failCandidate(turn, failure);
      return;
    }
    case "active":
    case "held":
      backOff(
        turn,
        slot,
        worker,
        `worker ${name} ${how}${worker.run.phase === "starting" ? explainEnd(exit) : ""}`,
      );
      updateGeneration(turn, slot.generation, { deaths: generation.deaths + 1 });
      tallyDeath(turn);
      if (generation.stage.phase === "active") judgeDeathsOf(turn, `worker ${name} ${how}`);
      return;
    case "draining":
      endWorker(turn, slot, how);
      return;
    default:
      generation.stage satisfies never;
  }
}

/** With one writer its heir stands by, and hears from a worker that has been asked to hand over when that has let go. */
function letHeirAccept(
  turn: Turn,
  { id, specification }: Generation,
  { run }: Worker,
  { heir }: Leaving,
): void {
  const told = run.phase === "stopping" || run.phase === "draining";
  if (specification.plan.strategy !== "exclusive" || told) return;
  const generation = findGeneration(turn.state, id);
  const slots = generation === undefined ? [] : liveWorkers(generation).filter(({ index }) => index === heir);
  if (slots.length > 0) act(turn, { type: "activate", slots, after: [] });
}

function endWorker(turn: Turn, slot: Slot, how: string): void {
  const worker = nameWorker(slot);
  removeWorker(turn, slot);
  announce(turn, "info", "worker-ended", `worker ${worker} ${how}`, { generation: slot.generation, worker });
}

function removeWorker(turn: Turn, slot: Slot): void {
  const workers = findGeneration(turn.state, slot.generation)?.workers ?? [];
  updateGeneration(turn, slot.generation, { workers: workers.filter(({ index }) => index !== slot.index) });
}

function backOff(turn: Turn, slot: Slot, worker: Worker, what: string): void {
  const { now } = turn.clock;
  const steady = isLive(worker.run) && now - worker.run.since >= steadyAfterMs;
  const crashes = steady ? 1 : worker.crashes + 1;
  const waitMs = backoffMs(crashes);
  updateWorker(turn, slot, {
    crashes,
    native: false,
    protocol: 0,
    status: null,
    run: { phase: "waiting", until: now + waitMs },
  });
  announce(turn, "warning", "worker-crashed", `${what}; started again in ${waitMs} ms`, {
    generation: slot.generation,
    worker: nameWorker(slot),
  });
}

/** What status 0 of a command that was to serve means. */
function explainEnd({ code, left = [] }: ExitStatus): string {
  if (code !== 0) return "";
  if (left.length === 0) return ": the command has come to its end, and a server has to go on running";
  const who = left.map(({ pid, name }) => `${name}, pid ${pid}`).join("; ");
  const remedy =
    "its command has to stay in the foreground (as nginx does with `daemon off;`, php-fpm with --nodaemonize)";
  return `: it went on in the background (${who}), where nobody can follow it, and is ended there; ${remedy}`;
}

export function describeExit({ code, signal }: ExitStatus): string {
  if (signal !== null) return `was ended by ${signal}`;
  if (code !== null) return `exited with status ${code}`;
  return "ended (status unknown: not started by this daemon)";
}
