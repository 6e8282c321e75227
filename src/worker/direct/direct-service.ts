import { HoldfastError } from "../../lib/failure.js";
import { ownUnitName } from "../../linux/cgroup.js";
import { awaitHeard } from "../../systemd/barrier.js";
import { currentJob } from "../../systemd/job.js";
import { type Notifier, notifyAssignment, openNotifier } from "../../systemd/notify.js";
import { roomInStore } from "../../systemd/store-room.js";
import { watchdogIntervalMs } from "../../systemd/watchdog.js";
import type { StateKeeper } from "../app-state/state-keeper.js";
import type { ServedCarrier } from "../carriers/served-carrier.js";
import type { MovingConnection } from "../moving-connections/freeze-connections.js";
import { FoundInStore } from "./found-in-store.js";
import { OwnListeners } from "./own-listeners.js";
import { putInStore } from "./put-in-store.js";
import { SequentialRestart } from "./sequential-restart.js";
import type { StoredFds } from "./stored-fds.js";
import { StoredTickets } from "./stored-tickets.js";

/** Storing n fds costs n² in PID 1: a thousand take it 0.2 s. */
const connectionsLimit = 1_000;
/** A server that is served later than this does not get its connections and its socket back. */
const claimMs = 10_000;
/** For what comes after the drain: hooks, writing the state, storing. */
const marginMs = 10_000;

export interface DirectServiceOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly pid: number;
  readonly stored: StoredFds;
  readonly served: () => readonly ServedCarrier[];
  /** Names of the unit's listeners that nobody serves yet. */
  readonly unclaimed: () => readonly string[];
  readonly state: StateKeeper;
  readonly report: (problem: string) => void;
}

const noState = { entries: [], bytes: Buffer.alloc(0) };

/** `room`: as many connections can be left to the next process. */
export type Purpose =
  | { readonly kind: "stop" | "unknown" }
  | { readonly kind: "restart"; readonly room: number };

/** A process that systemd itself started: what it tells systemd, and what it leaves there for the next process. */
export class DirectService {
  readonly tickets: StoredTickets;
  readonly listeners: OwnListeners;
  readonly #options: DirectServiceOptions;
  readonly #notifier: Notifier | undefined;
  readonly #left: FoundInStore;
  #starting = 0;
  #ready = false;
  #stateTaken = false;

  constructor(options: DirectServiceOptions) {
    this.#options = options;
    const { env, pid, stored, report } = options;
    stored.problems.forEach(report);
    this.#notifier = openNotifier(env, report);
    this.#left = new FoundInStore(stored, report);
    this.listeners = new OwnListeners(stored.bound, report);
    this.tickets = new StoredTickets(stored.tickets);
    const interval = watchdogIntervalMs(env, pid);
    if (interval !== undefined) setInterval(() => this.#notifier?.send("WATCHDOG=1"), interval).unref();
  }

  /** Before a server listens. Throws `state-refused` when the app refuses the values of the process before. */
  beginStart(): void {
    this.#starting += 1;
    if (this.#stateTaken) return;
    this.#stateTaken = true;
    const left = this.#left.takeState();
    if (left === undefined) return;
    const refused = this.#options.state.restore(left);
    if (refused !== null) throw new HoldfastError("state-refused", refused);
  }

  /** A server listens. When no other is about to, the service is ready; where one failed to, it never is. */
  endStart(): void {
    this.#starting -= 1;
    // An app that serves one server after the other has begun with the next one by then.
    setImmediate(() => this.#look());
  }

  /** A further carrier, or another reason to look for connections that wait for it. */
  notice(): void {
    setImmediate(() => this.#look());
  }

  /**
   * Why systemd sent SIGTERM. `unknown`: it cannot be asked, it was not systemd, or it is not this process that systemd
   * watches; that is to be taken for a stop, but one of which nothing is certain.
   */
  async askPurpose(): Promise<Purpose> {
    const { env, pid, report } = this.#options;
    const unit = env["SYSTEMD_EXEC_PID"] === String(pid) ? ownUnitName() : undefined;
    if (unit === undefined || env["NOTIFY_SOCKET"] === undefined) return { kind: "unknown" };
    const [job, room = 0] = await Promise.all([currentJob(unit), roomInStore(unit)]);
    if (job === "stop") return { kind: "stop" };
    if (job === "unknown") report("cannot ask systemd whether this is a stop or a restart: nothing is kept");
    // Before it has taken over what the process before left, that is still in the store: it waits for the next one.
    if (job !== "restart" || !this.#left.settled) return { kind: "unknown" };
    if (room === 0)
      report("this restart closes connections: FileDescriptorStoreMax= of the unit leaves no room");
    // The parcel needs a place, too.
    return { kind: "restart", room: Math.max(0, Math.min(connectionsLimit, room - 1)) };
  }

  tellStopping(purpose: Purpose["kind"], drainTimeoutMs: number | undefined): void {
    const text = purpose === "restart" ? "restarting: requests are finished" : "draining";
    const lines = ["STOPPING=1", notifyAssignment("STATUS", text)];
    if (drainTimeoutMs !== undefined) {
      lines.push(notifyAssignment("EXTEND_TIMEOUT_USEC", (drainTimeoutMs + marginMs) * 1_000));
    }
    this.#tell(...lines);
  }

  /** Ends what is served and leaves connections and values to the next process; `onEnd` when that is done. */
  restart(room: number, onEnd: () => void): SequentialRestart {
    return new SequentialRestart({
      served: this.#options.served(),
      room,
      onEnd: (held) => {
        this.#leave(held);
        onEnd();
      },
    });
  }

  /** At a stop there is no next process: new clients are refused at once, as far as the sockets are this process's. */
  leaveNothing(): void {
    this.tickets.remove();
    this.listeners.remove();
  }

  #leave(held: readonly MovingConnection[]): void {
    const { state, report } = this.#options;
    const saved = state.save();
    if (!saved.ok) report(saved.failure.message);
    const left = putInStore(held, saved.ok ? saved.value : noState, report);
    awaitHeard();
    if (left < held.length)
      report(`${held.length - left} connections were closed: systemd did not take them`);
  }

  #look(): void {
    if (this.#starting > 0) return;
    const { served, unclaimed } = this.#options;
    const missing = unclaimed();
    if (missing.length > 0) {
      this.#tell(notifyAssignment("STATUS", `starting: nobody serves ${missing.join(", ")} yet`));
      return;
    }
    if (served().length === 0) return;
    this.#left.takeOutOfStore();
    const adopted = this.#left.adopt(served());
    if (this.#ready) return;
    this.#ready = true;
    const names = [...new Set(served().map(({ listener }) => listener))].join(", ");
    const more = adopted === 0 ? "" : `; ${adopted} connections taken over`;
    this.#tell("READY=1", notifyAssignment("STATUS", `serving ${names}${more}`));
    setTimeout(() => this.#closeUnclaimed(), claimMs).unref();
  }

  #closeUnclaimed(): void {
    this.#left.close();
    this.listeners.closeUnclaimed();
    this.tickets.closeUnused();
  }

  #tell(...lines: string[]): void {
    this.#notifier?.send(lines.join("\n"));
  }
}
