import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { monotonicMs } from "../../../src/linux/boot.js";
import type { Container } from "../../harness/container/container.js";
import type { Old } from "./read-visit.js";
import type { System } from "./system.js";

const EVERY_MS = 50;

/** Watches the processes of a system from its upgrade on. */
export class Processes implements AsyncDisposable {
  readonly #cgroup: string;
  readonly #old: ReadonlySet<number>;
  readonly #watching: Promise<void>;
  #ended = false;
  /** What its processes had before. */
  readonly memoryBeforeMb: number;
  memoryPeakMb: number;
  oldOnes: Old;

  private constructor(cgroup: string, old: ReadonlySet<number>, memoryBeforeMb: number) {
    this.#cgroup = cgroup;
    this.#old = old;
    this.oldOnes = { what: old.size === 0 ? "none" : "there" };
    this.memoryBeforeMb = memoryBeforeMb;
    this.memoryPeakMb = memoryBeforeMb;
    this.#watching = this.#watch();
  }

  /** All processes of now are the old ones, but for the first where that is meant to stay. */
  static async watch(container: Container, { unit, firstStays }: System): Promise<Processes> {
    const group = await container.show(unit, "ControlGroup");
    const cgroup = `/proc/${container.pid}/root/sys/fs/cgroup${group}`;
    const pids = await listPids(cgroup);
    const parents = await Promise.all(pids.map(parentOf));
    const old = pids.filter((_, at) => !firstStays || pids.includes(parents[at] ?? 0));
    return new Processes(cgroup, new Set(old), await sumMemoryMb(pids));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    await this.#watching;
  }

  async #watch(): Promise<void> {
    while (!this.#ended) {
      const pids = await listPids(this.#cgroup);
      if (this.oldOnes.what === "there" && !pids.some((pid) => this.#old.has(pid)))
        this.oldOnes = { what: "gone", atMs: monotonicMs() };
      this.memoryPeakMb = Math.max(this.memoryPeakMb, await sumMemoryMb(pids));
      await pause(EVERY_MS);
    }
  }
}

/** As this machine counts them, of a cgroup and those below it. */
async function listPids(cgroup: string): Promise<number[]> {
  const entries = await readdir(cgroup, { withFileTypes: true, recursive: true }).catch(() => []);
  const groups = entries.filter((entry) => entry.isDirectory());
  const directories = [cgroup, ...groups.map(({ parentPath, name }) => join(parentPath, name))];
  const texts = await Promise.all(
    directories.map((directory) => readOrEmpty(join(directory, "cgroup.procs"))),
  );
  return texts.join("").split("\n").filter(Boolean).map(Number);
}

async function parentOf(pid: number): Promise<number> {
  return numberAfter("PPid", await readOrEmpty(`/proc/${pid}/status`));
}

/**
 * What the processes of a tree that runs one program take together: anonymous and shared memory by their shares (proc(5),
 * smaps_rollup), and the mapped files once. The whole PSS would be smaller the more others run Node beside them.
 */
async function sumMemoryMb(pids: readonly number[]): Promise<number> {
  const each = await Promise.all(
    pids.map(async (pid) => {
      const shares = await readOrEmpty(`/proc/${pid}/smaps_rollup`);
      const status = await readOrEmpty(`/proc/${pid}/status`);
      return {
        ownKb: numberAfter("Pss_Anon", shares) + numberAfter("Pss_Shmem", shares),
        fileKb: numberAfter("RssFile", status),
      };
    }),
  );
  const ownKb = each.reduce((sum, one) => sum + one.ownKb, 0);
  return (ownKb + Math.max(0, ...each.map(({ fileKb }) => fileKb))) / 1024;
}

function numberAfter(key: string, text: string): number {
  return Number(new RegExp(`^${key}:\\s*(\\d+)`, "m").exec(text)?.[1] ?? 0);
}

/** A process may end between being listed and being read. */
function readOrEmpty(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}
