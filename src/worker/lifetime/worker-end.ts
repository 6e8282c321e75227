import type { DaemonMessage } from "../../channel/worker-messages.js";
import { parseDuration } from "../../lib/duration.js";
import { HoldfastError } from "../../lib/failure.js";
import type { Watcher } from "../../linux/epoll.js";
import type { StateKeeper } from "../app-state/state-keeper.js";
import type { ServedCarrier } from "../carriers/served-carrier.js";
import type { DirectService } from "../direct/direct-service.js";
import type { SequentialRestart } from "../direct/sequential-restart.js";
import type { IncomingHandOvers } from "../hand-over/incoming-hand-overs.js";
import type { Destination } from "../hand-over/peer-link.js";
import { Drain } from "./worker-drain.js";

const defaultDrainTimeoutMs = 30_000;
const heirWithinMs = 60_000;

export interface WorkerEndOptions {
  readonly served: readonly ServedCarrier[];
  readonly incoming: IncomingHandOvers;
  readonly watcher: Watcher;
  readonly state: StateKeeper;
  /** Where systemd is the manager. */
  readonly direct: Promise<DirectService> | undefined;
  /** After SIGTERM; undefined where the daemon sees to it. */
  readonly drainTimeoutMs: number | undefined;
  /** Takes what the daemon has said up to now; whether it can say more. */
  readonly hearDaemon: () => boolean;
  /** Tells a daemon that can send another worker in this one's place; whether there is one. */
  readonly askForHeir: () => boolean;
  /** The last word to the daemon, when all connections are gone. */
  readonly sayGoodbye: () => void;
  readonly report: (problem: string) => void;
}

/** How this process ends: told by the daemon or by SIGTERM, with peers or alone; it drains once, and exits. */
export class WorkerEnd {
  readonly #options: WorkerEndOptions;
  readonly #hooks: (() => unknown)[] = [];
  readonly #streamHooks: (() => void)[] = [];
  readonly #aborter = new AbortController();
  #drain: Drain | SequentialRestart | undefined;
  /** The daemon has said on the channel that it drains, and not sent SIGTERM since. */
  #orderedByDaemon = false;
  #gaveState = false;
  #asking = false;
  /** An heir has been asked for. */
  #leaving = false;

  constructor(options: WorkerEndOptions) {
    this.#options = options;
  }

  /** Aborted when the drain begins. */
  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  onDrain(hook: () => unknown): void {
    this.#hooks.push(hook);
  }

  /** Called when a drain has nothing left but connections that do not end by themselves, or half of its time is over. */
  onOnlyStreams(hook: () => void): void {
    this.#streamHooks.push(hook);
  }

  /** The daemon's order. Whether the fds were taken over. */
  obey(
    { to, exclusive, withinMs }: Extract<DaemonMessage, { readonly type: "drain" }>,
    fds: readonly number[],
  ): boolean {
    // Not all of them arrive in a process that is out of fds.
    const whole = fds.length === to.length;
    const peers = whole ? to.map(({ name }, index) => ({ name, fd: fds[index] ?? -1 })) : [];
    // The next daemon says it again if the last one did not live to write it down; and one says so whose generation has changed.
    if (this.#drain !== undefined) return this.#drain instanceof Drain && this.#drain.addPeers(peers);
    this.#orderedByDaemon = true;
    this.#begin(peers, exclusive, withinMs);
    return whole;
  }

  /** SIGTERM. A second one does not wait any longer. */
  terminate(): void {
    const { direct, hearDaemon } = this.#options;
    const connected = hearDaemon();
    // A daemon that has lost this worker cannot know whether its order was read.
    const repeated = this.#orderedByDaemon && !connected;
    this.#orderedByDaemon = false;
    if (repeated) return;
    if (this.#drain !== undefined) this.#drain.cut();
    else if (connected && !this.#leaving && this.#options.askForHeir()) this.#waitForHeir();
    else if (direct === undefined || this.#asking) this.#beginAlone();
    else void this.#terminateDirect(direct);
  }

  /** The daemon says nothing more. */
  loseDaemon(): void {
    if (this.#leaving && this.#drain === undefined) this.#beginAlone();
  }

  /** Serves on until the daemon says to whom to hand over; not for ever, for there may be no daemon any more that reads. */
  #waitForHeir(): void {
    this.#leaving = true;
    setTimeout(() => {
      if (this.#drain === undefined) this.#beginAlone();
    }, heirWithinMs).unref();
  }

  /** Nobody to hand over to. */
  #beginAlone(): void {
    this.#begin([], false, this.#options.drainTimeoutMs);
    this.#cutInTime();
  }

  /** Serves on until it is known whether the service is to end or to begin anew. */
  async #terminateDirect(opening: Promise<DirectService>): Promise<void> {
    this.#asking = true;
    const direct = await opening;
    const purpose = await direct.askPurpose();
    if (this.#drain !== undefined) return;
    direct.tellStopping(purpose.kind, this.#options.drainTimeoutMs);
    if (purpose.kind === "restart") {
      this.#announce();
      this.#drain = direct.restart(purpose.room, () => void this.#end());
      this.#cutInTime();
    } else {
      if (purpose.kind === "stop") direct.leaveNothing();
      this.#beginAlone();
    }
  }

  #cutInTime(): void {
    const { drainTimeoutMs } = this.#options;
    if (drainTimeoutMs !== undefined) setTimeout(() => this.#drain?.cut(), drainTimeoutMs).unref();
  }

  #announce(): void {
    this.#options.state.end();
    this.#aborter.abort(new HoldfastError("draining", "this worker drains"));
  }

  #begin(peers: readonly Destination[], exclusive: boolean, withinMs: number | undefined): void {
    const { served, incoming, watcher, report } = this.#options;
    this.#announce();
    this.#drain = new Drain({
      served,
      incoming,
      peers,
      exclusive,
      withinMs,
      onOnlyStreams: () => {
        for (const hook of this.#streamHooks) hook();
      },
      giveState: () => this.#giveState(),
      watcher,
      report,
      onEnd: () => void this.#end(),
    });
  }

  #giveState(): Pick<ReturnType<StateKeeper["give"]>, "entries" | "fd"> {
    const { state, report } = this.#options;
    this.#gaveState = true;
    // It is on disk, too, as long as the one who gets it has not written it there: that one may die. First it goes.
    queueMicrotask(() => state.write());
    const { entries, fd, failure } = state.give();
    if (failure !== null) report(failure);
    return { entries, fd };
  }

  async #end(): Promise<void> {
    const { sayGoodbye, state, watcher, report } = this.#options;
    sayGoodbye();
    // The worker after this one writes from now on; without one this was the last chance.
    if (!this.#gaveState) state.write();
    // From here on only the app's own work holds up the process.
    watcher.unref();
    for (const hook of this.#hooks) {
      try {
        await hook();
      } catch (error) {
        report(`an onDrain hook failed: ${String(error)}`);
      }
    }
    process.exit(0);
  }
}

/**
 * How long a process drains before it cuts what is left: HOLDFAST_DRAIN_TIMEOUT, 30 s when it is not set or cannot be read.
 * Undefined under holdfastd, which keeps that deadline itself.
 */
export function readDrainTimeout(
  env: NodeJS.ProcessEnv,
  report: (problem: string) => void,
): number | undefined {
  const { HOLDFAST_GENERATION: generation, HOLDFAST_DRAIN_TIMEOUT: text } = env;
  if (generation !== undefined) return undefined;
  if (text === undefined) return defaultDrainTimeoutMs;
  const parsed = parseDuration(text);
  if (parsed.ok) return parsed.value;
  report(`HOLDFAST_DRAIN_TIMEOUT: ${parsed.failure.message}`);
  return defaultDrainTimeoutMs;
}
