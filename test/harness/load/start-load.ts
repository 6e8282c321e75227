import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { HoldfastError } from "../../../src/lib/failure.js";
import { DEADLINE_MS, waitUntil } from "../container/wait-until.js";
import { parseReport } from "./parse.js";
import type { LoadOptions, LoadReport } from "./report.js";

const DEFAULTS = {
  keepAlive: 8,
  pauseMs: 5,
  freshPerSecond: 50,
  slow: 2,
  slowMs: 500,
  timeoutMs: 20_000,
  durationMs: 120_000,
};

export type LoadRequest = Pick<LoadOptions, "address"> & Partial<LoadOptions>;

/** A load client at work. It ends by `stop`, after its duration, or with this process. */
export class Load implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #report: LoadReport | null = null;
  #trouble = "";

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#closed = once(child, "close");
    child.stdin?.on("error", () => {}); // it may have ended by itself
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#trouble = (this.#trouble + chunk.toString()).slice(-2000);
    });
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on("line", (line) => {
        this.#report = parseReport(line);
      });
    }
  }

  /** The counters so far, not older than 100 ms. */
  get report(): LoadReport {
    if (this.#report !== null) return this.#report;
    throw new HoldfastError("load", `cannot report on the load: nothing was printed: ${this.#trouble}`);
  }

  /** Waits until the counters fulfil `condition`, and returns them. */
  waitFor(what: string, deadlineMs: number, condition: (report: LoadReport) => boolean): Promise<LoadReport> {
    const look = (): LoadReport | null => {
      if (this.#report !== null && condition(this.#report)) return this.#report;
      if (this.#child.exitCode === null && this.#child.signalCode === null) return null;
      throw new HoldfastError("load", `cannot see ${what}: the load client ended: ${this.#trouble}`);
    };
    return waitUntil(what, deadlineMs, look).catch((cause: unknown) => {
      throw new HoldfastError("load", `cannot see ${what}: ${JSON.stringify(this.#report)}`, { cause });
    });
  }

  /** Waits for `count` further good responses of each kind of request that runs: the server answers now, not just earlier. */
  async waitForMore(count: number, deadlineMs = 30_000): Promise<LoadReport> {
    const { kinds } = this.report;
    return this.waitFor(`${count} further responses of each kind`, deadlineMs, (report) =>
      (["keepAlive", "fresh", "slow"] as const).every(
        (kind) => kinds[kind].requests === 0 || report.kinds[kind].ok >= kinds[kind].ok + count,
      ),
    );
  }

  /** Sends no further request, waits for those in flight and returns the final counters. */
  async stop(): Promise<LoadReport> {
    this.#child.stdin?.end("stop\n");
    await this.#closed;
    if (this.#child.exitCode === 0) return this.report;
    throw new HoldfastError("load", `cannot run the load client: it ended badly: ${this.#trouble}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill("SIGKILL");
    await this.#closed;
  }
}

/**
 * Starts a load client inside the network of the process `where.pid` (a Container) or, with null, on this machine. Returns when
 * each kind of request asked for has been answered once.
 */
export async function startLoad(where: { readonly pid: number } | null, request: LoadRequest): Promise<Load> {
  const client = fileURLToPath(new URL("client.js", import.meta.url));
  const enter = where === null ? [] : ["nsenter", "--target", String(where.pid), "--net", "--"];
  const isPath = request.address.startsWith("/");
  const address = where !== null && isPath ? `/proc/${where.pid}/root${request.address}` : request.address;
  const options: LoadOptions = { ...DEFAULTS, ...request, address };
  const [command = "", ...args] = [...enter, process.execPath, client, JSON.stringify(options)];
  const load = new Load(spawn(command, args, { stdio: "pipe" }));
  try {
    await load.waitFor(
      "a first response of each kind",
      DEADLINE_MS,
      ({ kinds }) =>
        (options.keepAlive === 0 || kinds.keepAlive.ok > 0) &&
        (options.freshPerSecond === 0 || kinds.fresh.ok > 0) &&
        (options.slow === 0 || kinds.slow.ok > 0),
    );
    return load;
  } catch (error) {
    await load[Symbol.asyncDispose]();
    throw error;
  }
}
