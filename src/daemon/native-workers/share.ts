import type { AcceptLimitOrder } from "../../channel/worker-messages.js";
import type { Slot, SlotProcess } from "../../model/event.js";
import { activeGeneration, findGeneration, heldGeneration, serves } from "../../model/find.js";
import type { Generation } from "../../model/generation-state.js";
import type { State } from "../../model/state.js";
import { findWorker, liveWorkers } from "../../model/turn.js";
import type { WorkerChannels } from "../../process/worker-channels.js";

/** Connections that both generations had accepted at one moment. */
export interface Accepted {
  readonly atMs: number;
  readonly byNew: number;
  readonly byOld: number;
}

/** A trial whose new generation gets a share of the connections. */
interface SharedTrial {
  readonly generation: Generation;
  readonly held: Generation;
  readonly share: number;
  /** Names of those that both generations have. */
  readonly listeners: readonly string[];
}

/** Shorter times tell little of the rate. */
const leastStepMs = 500;
/** For so long a debt or a credit is remembered at the rate of the moment; no traffic is to be made up for in one burst. */
const memorySeconds = 3;
/** What is shown is of the last steps only. */
const shownMs = 10_000;

/**
 * Steers which share of the new connections the new generation's workers accept, whenever workers have told what they have counted. The
 * daemon is not in the way of connections: it tells each worker how many it may accept, and until it is told anew a worker goes on with that.
 */
export class ShareSteering {
  readonly #channels: WorkerChannels;
  readonly #nowMs: () => number;
  /** Of this trial, the last ones; empty without one. */
  #steps: readonly Accepted[] = [];
  /** That is on such a trial; null for none. A daemon that begins does not know which has been. */
  #generation: number | null | undefined;
  #credit = 0;

  constructor(channels: WorkerChannels, nowMs: () => number) {
    this.#channels = channels;
    this.#nowMs = nowMs;
  }

  /** The share that the new generation has had in the last seconds; null without a trial with a share, and before anything came. */
  get measured(): number | null {
    const [first, last] = [this.#steps[0], this.#steps.at(-1)];
    return first === undefined || last === undefined ? null : shareOf(first, last);
  }

  /** When it is another generation that gets a share, or none any more, the others accept all that comes. */
  follow(state: State): void {
    const generation = sharedTrial(state)?.generation.id ?? null;
    if (generation === this.#generation) return;
    this.#generation = generation;
    this.#steps = [];
    this.#credit = 0;
    liftLimits(this.#channels, state, state.generations.filter(serves).flatMap(readyWorkers));
  }

  steer(state: State): void {
    this.follow(state);
    const trial = sharedTrial(state);
    if (trial === undefined) return;
    const now = countAccepted(state, trial, this.#nowMs());
    const last = this.#steps.at(-1);
    if (last !== undefined && now.atMs - last.atMs < leastStepMs) return;
    this.#steps = [...this.#steps.filter(({ atMs }) => now.atMs - atMs <= shownMs), now];
    if (last === undefined) return;
    const workers = readyWorkers(trial.generation).filter((slot) => this.#channels.isNative(slot));
    const { credit, order } = grant(last, now, {
      share: trial.share,
      credit: this.#credit,
      workers: workers.length,
    });
    this.#credit = credit;
    for (const slot of workers)
      this.#channels.send(slot, {
        type: "activate",
        after: [],
        accept: { ...order, listeners: [...trial.listeners] },
      });
  }
}

/**
 * What each of the workers may accept until the next step, and what the new generation is owed then (or owes): its share of what came, less what it
 * took, so that errors of one step are made up for in the next.
 */
export function grant(
  before: Accepted,
  now: Accepted,
  { share, credit, workers }: { readonly share: number; readonly credit: number; readonly workers: number },
): { readonly credit: number; readonly order: { readonly now: number; readonly perSecond: number } } {
  const byNew = now.byNew - before.byNew;
  const all = byNew + now.byOld - before.byOld;
  const perSecond = (share * all * 1_000) / (now.atMs - before.atMs);
  const most = Math.max(workers, memorySeconds * perSecond);
  const owed = Math.max(-most, Math.min(most, credit + share * all - byNew));
  const each = Math.max(1, workers);
  return { credit: owed, order: { now: owed / each, perSecond: perSecond / each } };
}

/** Null when there were no connections. */
export function shareOf(first: Accepted, last: Accepted): number | null {
  const byNew = last.byNew - first.byNew;
  const all = byNew + last.byOld - first.byOld;
  return all > 0 ? byNew / all : null;
}

/** With what a worker on trial begins to accept: one connection over all of them. Undefined where it has no limit, as one that is held has none. */
export function firstLimit(state: State, { generation }: Slot): AcceptLimitOrder | undefined {
  const trial = sharedTrial(state);
  if (trial?.generation.id !== generation) return undefined;
  return { listeners: [...trial.listeners], now: 1 / Math.max(1, liveWorkers(trial.generation).length) };
}

/**
 * Lets those accept all that comes that may have had a limit and are to have none: to others the order would mean to accept, whomever they wait
 * for, or before they are ready.
 */
export function liftLimits(channels: WorkerChannels, state: State, slots: readonly Slot[]): void {
  const limited = sharedTrial(state)?.generation.id;
  for (const slot of slots) {
    const plan = findGeneration(state, slot.generation)?.specification.plan;
    if (plan === undefined || plan.trial.share === null || slot.generation === limited) continue;
    if (findWorker(state, slot)?.run.phase !== "ready") continue;
    channels.send(slot, { type: "activate", after: [], accept: null });
  }
}

function readyWorkers({ id, workers }: Generation): readonly SlotProcess[] {
  return liveWorkers({ id, workers: workers.filter(({ run }) => run.phase === "ready") });
}

/** Undefined, too, where the old generation does not count what it accepts, or accepts nothing any more. */
function sharedTrial(state: State): SharedTrial | undefined {
  const [generation, held] = [activeGeneration(state), heldGeneration(state)];
  const share = generation === undefined ? null : shareWanted(generation);
  if (generation === undefined || held === undefined || share === null) return undefined;
  const counts =
    held.workers.some(({ run }) => run.phase === "ready") && held.workers.every((one) => one.native);
  if (!counts) return undefined;
  const both = generation.listeners.filter((id) => held.listeners.includes(id));
  const listeners = state.listeners.filter(({ id }) => both.includes(id)).map(({ name }) => name);
  return { generation, held, share, listeners };
}

function shareWanted({ stage, specification }: Generation): number | null {
  const onTrial = stage.phase === "active" && stage.proof.kind === "trial";
  return onTrial ? specification.plan.trial.share : null;
}

function countAccepted({ counters }: State, trial: SharedTrial, atMs: number): Accepted {
  const accepted = ({ id }: Generation): number =>
    [...counters.generations, ...counters.workers]
      .filter((part) => part.generation === id)
      .flatMap((part) => part.listeners)
      .reduce((sum, one) => (trial.listeners.includes(one.listener) ? sum + one.accepted : sum), 0);
  return { atMs, byNew: accepted(trial.generation), byOld: accepted(trial.held) };
}
