import { setTimeout as pause } from "node:timers/promises";
import type { GenerationReport } from "../../../src/control/port.js";
import { closeFd } from "../../../src/linux/fd.js";
import { openPidfd, signalPidfd } from "../../../src/linux/pidfd.js";
import { FewFds } from "./few-fds.js";
import type { Rig } from "./rig.js";

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32), so that a storm can be repeated. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const longestPauseMs = 600;
const longestStopMs = 1500;

/** What stands in the way of the disk's writers for a while. */
export interface Disk {
  fill(): void;
  free(): void;
}

/** What befalls a service, in an order and at moments that the seed decides. The manager starts each next daemon. */
export class Storm {
  /** What was done, to explain a failed test. */
  readonly told: string[] = [];
  /** How many workers were killed: what these held is lost. */
  killed = 0;
  version = 1;
  /** How many daemons ended and were followed by another one. */
  restarts = 0;
  readonly #rig: Rig;
  readonly #disk: Disk | undefined;
  readonly #random: () => number;
  readonly #answers: Promise<unknown>[] = [];
  readonly #startedAt = performance.now();
  #going = true;

  constructor(rig: Rig, seed: number, disk?: Disk) {
    this.#rig = rig;
    this.#disk = disk;
    this.#random = seeded(seed);
  }

  /** `blows` one after the other; returns when all that was asked for has been answered, and a daemon is there. */
  async rage(blows: number, kinds: readonly Blow[]): Promise<void> {
    this.#going = true;
    const keeping = this.#keepDaemon();
    try {
      for (let count = 0; count < blows; count++) {
        const blow = this.#pick(kinds);
        if (blow !== undefined) await this.#strike(blow);
        await pause(this.#random() ** 2 * longestPauseMs);
      }
      await Promise.all(this.#answers);
    } finally {
      this.#going = false;
      // Also when this fails: else it would start the next daemon after whoever clears up has ended the last one.
      await keeping;
    }
    if (!kinds.some((kind) => endsDaemon.has(kind))) return;
    // The last blow may be about to end this daemon: whatever it does ends with it.
    const { manager } = this.#rig;
    if (manager.exit === undefined) await manager.kill9();
    await manager.ended();
    manager.start();
  }

  /** As Restart=on-failure does. */
  async #keepDaemon(): Promise<void> {
    const { manager } = this.#rig;
    while (this.#going || manager.exit !== undefined) {
      if (manager.exit !== undefined) {
        this.#tell(`  the daemon has ended: ${JSON.stringify(await manager.ended())}`);
        this.restarts += 1;
        manager.start();
      }
      await Promise.race([manager.exited, pause(50)]);
    }
  }

  async #strike(blow: Blow): Promise<void> {
    const { control, manager } = this.#rig;
    this.#tell(blow);
    switch (blow) {
      case "upgrade":
      case "hold":
        this.#release({ version: String(++this.version) });
        return this.#ask(() => control.request("upgrade", { hold: blow === "hold" }));
      case "two upgrades":
        this.#release({ version: String(++this.version) });
        await this.#ask(() => control.request("upgrade"));
        return this.#ask(() => control.request("upgrade"));
      case "bad version":
        this.#release({ version: String(++this.version), boot: "crash" });
        return this.#ask(() => control.request("upgrade"));
      case "mute version":
        this.#release({ version: String(++this.version), boot: "silent" });
        return this.#ask(() => control.request("upgrade"));
      case "rollback":
        return this.#ask(() => control.request("rollback"));
      case "commit":
      case "reexec":
        return this.#ask(() => control.order(blow));
      case "SIGHUP":
      case "SIGUSR2":
      case "SIGKILL":
        manager.signal(blow);
        return;
      case "stopped daemon":
        return this.#hold(manager.pid);
      case "stopped worker":
        return this.#hold(await this.#worker());
      case "killed worker":
        return this.#kill(await this.#worker());
      case "killed daemon and worker": {
        const worker = await this.#worker();
        manager.signal("SIGKILL");
        return this.#kill(worker);
      }
      case "few fds":
        this.#for((await FewFds.leave(manager.pid, Math.floor(this.#random() * 8)))?.end);
        return;
      case "full disk":
        this.#disk?.fill();
        this.#for(() => this.#disk?.free());
        return;
      default:
        return blow satisfies never;
    }
  }

  /** Undoes something after a while. */
  #for(undo: (() => unknown) | undefined): void {
    if (undo !== undefined) this.#answers.push(pause(this.#random() * longestStopMs).then(undo));
  }

  #release(behaviour: Parameters<Rig["release"]>[0]): void {
    this.#rig.release(behaviour);
  }

  /** The answer may fail: the daemon may die over it. What it says is not judged, only what becomes of the service. */
  async #ask(request: () => Promise<unknown>): Promise<void> {
    this.#answers.push(request());
  }

  /** One of the workers, in whatever state it is; undefined when nobody can tell. */
  async #worker(): Promise<number | undefined> {
    const status = await this.#rig.control.status();
    const generations: readonly GenerationReport[] = status.ok ? status.value.generations : [];
    return this.#pick(generations.flatMap(({ workers }) => workers.flatMap(({ pid }) => pid ?? [])));
  }

  #kill(pid: number | undefined): void {
    const pidfd = pid === undefined ? undefined : openPidfd(pid);
    if (pid === undefined || pidfd === undefined) return;
    // It may have ended since, and its pid be another's.
    if (this.#rig.workers().includes(pid) && signalPidfd(pidfd, "SIGKILL")) {
      this.#tell(`  kill -9 of worker ${pid}`);
      this.killed += 1;
    }
    closeFd(pidfd);
  }

  async #hold(pid: number | undefined): Promise<void> {
    if (pid === undefined) return;
    const pidfd = openPidfd(pid);
    if (pidfd === undefined) return;
    signalPidfd(pidfd, "SIGSTOP");
    this.#for(() => {
      signalPidfd(pidfd, "SIGCONT");
      closeFd(pidfd);
    });
  }

  #pick<T>(among: readonly T[]): T | undefined {
    return among[Math.floor(this.#random() * among.length)];
  }

  #tell(what: string): void {
    this.told.push(`${Math.round(performance.now() - this.#startedAt)} ms: ${what}`);
  }
}

export const harmless = [
  "upgrade",
  "two upgrades",
  "hold",
  "bad version",
  "mute version",
  "rollback",
  "commit",
  "reexec",
  "SIGHUP",
  "SIGUSR2",
  "SIGKILL",
  "stopped daemon",
  "stopped worker",
] as const;

export const deadly = [...harmless, "killed worker", "killed daemon and worker"] as const;

/** What lacks, for a while. */
export const scarce = ["few fds", "full disk"] as const;

export type Blow = (typeof deadly)[number] | (typeof scarce)[number];

const endsDaemon: ReadonlySet<Blow> = new Set<Blow>([
  "reexec",
  "SIGUSR2",
  "SIGKILL",
  "killed daemon and worker",
]);

/** Of all of them, those that a daemon lives through. */
export const survived: readonly Blow[] = deadly.filter((blow) => !endsDaemon.has(blow));
