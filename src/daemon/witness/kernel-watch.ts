import { readListenDrops } from "../../linux/netstat.js";
import type { Monotonic } from "../../model/clock.js";
import type { Event, Look } from "../../model/event.js";
import type { State } from "../../model/state.js";
import { isWatched, tellsMore } from "../../model/witness.js";
import type { Backlogs } from "../judges/backlogs.js";

const densestMs = 50;
/** A trial that nobody ends may go on for days. */
const rarestMs = 10_000;
/** The longer nothing has changed, the less often is looked: so much of the time that has passed since. */
const share = 1 / 50;
/** A look at many sockets takes long, and may not be all that the daemon does. */
const restPerLook = 20;

export interface KernelWatchOptions {
  readonly backlogs: Backlogs;
  readonly current: () => State;
  readonly nowMs: () => number;
  readonly push: (event: Event) => void;
}

/**
 * Looks at what the kernel shows of listeners while an upgrade could keep clients waiting, and not a moment longer. What tells more
 * than is known becomes an event.
 */
export class KernelWatch {
  readonly #options: KernelWatchOptions;
  #timer: NodeJS.Timeout | undefined;
  /** When a phase of what is watched has begun or ended last. */
  #changedAt: Monotonic | undefined;

  constructor(options: KernelWatchOptions) {
    this.#options = options;
  }

  /** Begins, goes on, looks at once where a phase has begun or ended, or rests, as the state wants it. */
  follow(state: State): void {
    const changedAt = lastChange(state);
    if (changedAt === this.#changedAt) return;
    this.stop();
    this.#changedAt = changedAt;
    if (changedAt !== undefined) this.#wait(0, changedAt);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#changedAt = undefined;
  }

  #wait(ms: number, changedAt: Monotonic): void {
    this.#timer = setTimeout(() => this.#look(changedAt), ms);
  }

  #look(changedAt: Monotonic): void {
    const { backlogs, current, nowMs, push } = this.#options;
    const state = current();
    const begunAt = nowMs();
    backlogs.look(state);
    const look = lookAt(state, backlogs);
    const pauseMs = Math.min(Math.max((begunAt - changedAt) * share, densestMs), rarestMs);
    this.#wait(Math.max(pauseMs, (nowMs() - begunAt) * restPerLook), changedAt);
    if (tellsMore(state, look)) push({ type: "looked", look });
  }
}

/** Undefined where nothing is watched. */
function lastChange({ accounts }: State): Monotonic | undefined {
  const phases = accounts.filter(isWatched).flatMap((account) => account.phases);
  return phases.length === 0 ? undefined : Math.max(...phases.map(({ since, until }) => until ?? since));
}

function lookAt({ listeners }: State, backlogs: Backlogs): Look {
  const drops = readListenDrops();
  const stills = listeners.flatMap(({ id }) => backlogs.stillForMs(id) ?? []);
  return {
    overflows: drops?.overflows ?? null,
    drops: drops?.drops ?? null,
    backlogs: listeners.flatMap(({ id, name }) => {
      const backlog = backlogs.backlogOf(id);
      return backlog?.seen === "length"
        ? [{ listener: name, queued: backlog.queued, limit: backlog.limit }]
        : [];
    }),
    stillMs: stills.length === 0 ? null : Math.max(...stills),
  };
}
