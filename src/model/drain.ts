import { formatDuration } from "../lib/duration.js";
import type { Monotonic, WallTime } from "./clock.js";
import { generationTotals } from "./counters.js";
import { isLive, serves } from "./find.js";
import type { DrainReason, Generation } from "./generation-state.js";
import type { EndReason, LedgerEntry } from "./ledger-entry.js";
import { pronounce } from "./outcome.js";
import { retire } from "./retired.js";
import { inspect } from "./snapshots.js";
import type { State } from "./state.js";
import { act, announce, liveWorkers, type Turn, update, updateGeneration } from "./turn.js";

/**
 * The generation's workers are to be asked to go, once, and have `drain.timeout`, or when it must be `fast` no more than `drain.kill`.
 * Those not yet running never will. A generation that has no verdict yet has been replaced.
 */
export function drainGeneration(turn: Turn, generation: Generation, why: DrainReason, fast = false): void {
  if (generation.stage.phase === "draining") return;
  if (serves(generation)) update(turn, { retired: retire(turn.state, generation, turn.clock.now) });
  pronounce(turn, generation.id, { kind: "replaced" });
  const { drain } = generation.specification.plan;
  const timeoutMs = fast ? drain.killMs : drain.timeoutMs;
  const workers = generation.workers.flatMap((worker) => {
    if (!isLive(worker.run)) return [];
    // Told already: a plain one would take a second time for haste.
    if (worker.leaving !== undefined && worker.run.phase === "draining") return [worker];
    return [{ ...worker, run: { ...worker.run, phase: "stopping" as const } }];
  });
  const deadline = turn.clock.now + timeoutMs;
  updateGeneration(turn, generation.id, {
    workers,
    stage: { phase: "draining", why, pressure: fast ? "insisted" : "asked", deadline },
  });
  if (workers.length === 0) return;
  announce(
    turn,
    "info",
    "generation-draining",
    `generation ${generation.id} drains, at most ${formatDuration(timeoutMs)}`,
    { generation: generation.id },
  );
}

/** The deadline of a draining generation has passed, or nobody wants to wait for it any longer. */
export function pressGeneration(turn: Turn, generation: Generation): void {
  const { stage } = generation;
  if (stage.phase !== "draining" || stage.pressure === "killed") return;
  const live = liveWorkers(generation);
  if (live.length === 0) return;
  const { killMs } = generation.specification.plan.drain;
  if (stage.pressure === "asked") {
    updateGeneration(turn, generation.id, {
      stage: { ...stage, pressure: "insisted", deadline: turn.clock.now + killMs },
    });
    act(turn, { type: "terminate", slots: live, to: [], insist: true, withinMs: 0 });
    announce(
      turn,
      "warning",
      "drain-overdue",
      `generation ${generation.id} has not drained in time: ${live.length} worker(s) get SIGTERM, SIGKILL in ${formatDuration(killMs)}`,
      { generation: generation.id },
    );
    return;
  }
  updateGeneration(turn, generation.id, { stage: { ...stage, pressure: "killed" } });
  for (const slot of live) act(turn, { type: "kill", ...slot });
  announce(
    turn,
    "warning",
    "drain-killed",
    `generation ${generation.id}: ${live.length} worker(s) killed; their open requests are cut`,
    { generation: generation.id },
  );
}

export function drainDeadline(generation: Generation): Monotonic | undefined {
  const { stage } = generation;
  return stage.phase === "draining" && stage.pressure !== "killed" ? stage.deadline : undefined;
}

/** A drained generation leaves the state; what became of it goes to the ledger. */
export function retireDrained(turn: Turn): void {
  for (const generation of turn.state.generations) {
    const { id, stage, workers, snapshot } = generation;
    if (stage.phase !== "draining" || workers.length > 0) continue;
    update(turn, { generations: turn.state.generations.filter((other) => other.id !== id) });
    act(turn, {
      type: "record",
      entry: recordEnd(turn.state, generation, stage.why, stage.pressure === "killed", turn.clock.wall),
    });
    announce(turn, "info", "generation-ended", `generation ${id} has ended`, { generation: id });
    if (turn.state.retired.some((one) => one.snapshot === snapshot)) inspect(turn, snapshot);
    // It never came to the commit, which would have put right what its workers set on the shared sockets.
    if (stage.why.kind === "failed") act(turn, { type: "restore-backlogs" });
  }
}

/** For the ledger. */
export function recordEnd(
  state: State,
  { id, specification, version, commit, origin, createdAt, proved }: Generation,
  why: EndReason,
  cut: boolean,
  to: WallTime,
): LedgerEntry {
  const { release } = specification.plan;
  const counters = generationTotals(state, id);
  return {
    kind: "generation",
    generation: id,
    release,
    version,
    commit,
    origin,
    from: createdAt,
    to,
    why,
    cut,
    proved,
    counters,
  };
}
