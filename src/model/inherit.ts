import { reportAccount } from "./account-report.js";
import type { WallTime } from "./clock.js";
import { recordEnd } from "./drain.js";
import type { SlotProcess } from "./event.js";
import { isLive, serves } from "./find.js";
import type { Generation } from "./generation-state.js";
import type { LedgerEntry } from "./ledger-entry.js";
import { endVerdicts } from "./outcome.js";
import type { Specification } from "./plan.js";
import { retire } from "./retired.js";
import { initialState, type Listener, type State } from "./state.js";
import { nameWorker } from "./turn.js";

/**
 * What the last daemon's state means to this one, before it knows what is alive. After a reboot nothing of the last boot runs;
 * what may be returned to and the numbers go on.
 */
export function inheritState(state: State, rebooted: boolean): State {
  if (!rebooted) return { ...state, unwritable: null };
  const { nextGeneration, nextUpgrade, outcomes, snapshots, retired, rejected, rolledBack, counters, tally } =
    state;
  // One that was held for a trial first. By the clock of another boot it cannot be told how long they served.
  const served = state.generations.filter(serves);
  return {
    ...initialState,
    nextGeneration,
    nextUpgrade,
    outcomes: endVerdicts(outcomes),
    snapshots,
    rejected,
    rolledBack,
    counters,
    tally,
    retired: served.reduce(
      (all, one) => retire({ ...state, retired: all }, one, one.servesSince ?? 0),
      retired,
    ),
  };
}

/** For the ledger. When the machine went down is not known: it is taken to be when it came up again. */
export function endedByReboot(state: State, wall: WallTime): readonly LedgerEntry[] {
  return [
    ...state.generations.map((one) => recordEnd(state, one, { kind: "rebooted" }, true, wall)),
    ...state.accounts.map(
      (one): LedgerEntry => ({ kind: "account", account: reportAccount(state, one, wall) }),
    ),
  ];
}

/** The next upgrade begins as soon as the workers are adopted, as after `systemctl restart`. */
export function toBeUpgraded(state: State): State {
  return { ...state, lifecycle: { phase: "leaving", next: "upgrade" } };
}

/**
 * Workers of another pid namespace or unit are like those of a service that is restarted: they serve until others do. `mark` makes
 * of a pid in the other namespace a number that no process here can have.
 */
export function toBeReplaced(
  state: State,
  unseen: ReadonlySet<string>,
  mark: (pid: number) => number,
): State {
  const isUnseen = (generation: number, index: number): boolean =>
    unseen.has(nameWorker({ generation, index }));
  const generations = state.generations.map((generation) => ({
    ...generation,
    workers: generation.workers.map((worker) => {
      if (!isLive(worker.run) || !isUnseen(generation.id, worker.index)) return worker;
      const process = { pid: mark(worker.run.process.pid), startTime: null };
      return { ...worker, run: { ...worker.run, process } };
    }),
  }));
  // They go on counting under the name they have here.
  const workers = state.counters.workers.map((count) =>
    isUnseen(count.generation, count.index) ? { ...count, pid: mark(count.pid) } : count,
  );
  return toBeUpgraded({ ...state, generations, counters: { ...state.counters, workers } });
}

/** The listeners that came, in the place of those that the state had. */
export function holdListeners(state: State, held: readonly Listener[]): State {
  const closing = new Set(state.closing.map(({ id }) => id));
  const isClosing = ({ id }: Listener): boolean => closing.has(id);
  return {
    ...state,
    listeners: held.filter((listener) => !isClosing(listener)),
    closing: held.filter(isClosing),
    nextListener: held.reduce((next, { id }) => Math.max(next, id + 1), state.nextListener),
  };
}

/** What the newest generation that uses the listener wants of its socket file. */
export function declaredMode({ generations }: State, { id, name }: Listener): number | null {
  const user = generations.findLast(({ listeners }) => listeners.includes(id));
  return user?.specification.listeners?.find((declared) => declared.name === name)?.mode ?? null;
}

/**
 * Processes of which neither state nor pidfds know anything, but they serve: they become the generation that is next, with all
 * listeners, which the next upgrade, at once, drains like any other.
 */
export function adoptUnknown(
  state: State,
  specification: Specification,
  workers: readonly SlotProcess[],
  wall: number,
): State {
  const generation: Generation = {
    id: state.nextGeneration,
    specification,
    snapshot: null,
    version: null,
    commit: null,
    origin: null,
    listeners: state.listeners.map(({ id }) => id),
    workers: workers.map(({ index, process }) => {
      const run = { phase: "ready", process, since: 0 } as const;
      return { index, crashes: 0, native: false, protocol: 0, status: null, run };
    }),
    createdAt: wall,
    stage: { phase: "active", since: wall, proof: { kind: "proved" } },
    servesSince: null,
    deaths: 0,
    probationDeaths: 0,
    proved: true,
    noWayBack: null,
  };
  const generations = [generation];
  return toBeUpgraded({ ...state, nextGeneration: generation.id + 1, generations });
}
