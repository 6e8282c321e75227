import { readListenDrops } from "../../linux/netstat.js";
import { isWatched, tellsMore } from "../../model/account.js";
import type { Event, Look } from "../../model/event.js";
import type { State } from "../../model/state.js";
import type { Backlogs } from "../judges/backlogs.js";

const densestMs = 50;
const rarestMs = 1_000;
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

  constructor(options: KernelWatchOptions) {
    this.#options = options;
  }

  /** Begins, or goes on, or rests, as the state wants it. */
  follow(state: State): void {
    if (!state.accounts.some(isWatched)) this.stop();
    else if (this.#timer === undefined) this.#wait(0);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => this.#look(), ms);
  }

  #look(): void {
    const { backlogs, current, nowMs, push } = this.#options;
    const state = current();
    const begunAt = nowMs();
    backlogs.look(state);
    const look = lookAt(state, backlogs);
    const phases = state.accounts.filter(isWatched).flatMap((account) => account.phases);
    const changedAt = Math.max(...phases.map(({ since, until }) => until ?? since));
    const tookMs = nowMs() - begunAt;
    const pauseMs = Math.min(Math.max((begunAt - changedAt) * share, densestMs), rarestMs);
    this.#wait(Math.max(pauseMs, tookMs * restPerLook));
    if (tellsMore(state, look)) push({ type: "looked", look });
  }
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
