import { isDeepStrictEqual } from "node:util";
import { readListenDrops } from "../../linux/netstat.js";
import { isWatched } from "../../model/account.js";
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
 * Looks at what the kernel shows of listeners while an upgrade could keep clients waiting, and not a moment longer. What was more than
 * ever before becomes an event.
 */
export class KernelWatch {
  readonly #options: KernelWatchOptions;
  #timer: NodeJS.Timeout | undefined;
  /** The most that was told, of the upgrades that were being watched then. */
  #told: { readonly upgrades: string; readonly look: Look } | undefined;

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
    const watched = state.accounts.filter(isWatched);
    const phases = watched.flatMap((account) => account.phases);
    const changedAt = Math.max(...phases.map(({ since, until }) => until ?? since));
    const tookMs = nowMs() - begunAt;
    const pauseMs = Math.min(Math.max((begunAt - changedAt) * share, densestMs), rarestMs);
    this.#wait(Math.max(pauseMs, tookMs * restPerLook));
    const upgrades = watched.map(({ upgrade }) => upgrade).join(" ");
    const before = this.#told?.upgrades === upgrades ? this.#told.look : undefined;
    const most = before === undefined ? look : mostOf(before, look);
    if (before !== undefined && isDeepStrictEqual(most, before)) return;
    this.#told = { upgrades, look: most };
    push({ type: "looked", look: most });
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

function mostOf(before: Look, now: Look): Look {
  const known = new Map(before.backlogs.map((one) => [one.listener, one]));
  for (const one of now.backlogs) {
    const queued = Math.max(one.queued, known.get(one.listener)?.queued ?? 0);
    known.set(one.listener, { ...one, queued });
  }
  const stillMs = now.stillMs === null ? before.stillMs : Math.max(now.stillMs, before.stillMs ?? 0);
  return { ...now, backlogs: [...known.values()], stillMs };
}
