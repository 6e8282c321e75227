import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { waitUntil } from "../container/wait-until.js";
import { HarnessError } from "../harness-error.js";

/** A client at work, a process that prints reports. It ends by `stop`, after its duration, or with this process. */
export class ClientProcess<Report> implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #report: Report | null = null;
  #trouble = "";

  protected constructor(child: ChildProcess, parse: (line: string) => Report) {
    this.#child = child;
    this.#closed = once(child, "close");
    child.stdin?.on("error", () => {}); // it may have ended by itself
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#trouble = (this.#trouble + chunk.toString()).slice(-2000);
    });
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on("line", (line) => {
        this.#report = parse(line);
      });
    }
  }

  /** The counters so far, not older than 100 ms. */
  get report(): Report {
    if (this.#report !== null) return this.#report;
    throw new HarnessError("load", `cannot report on the client: nothing was printed: ${this.#trouble}`);
  }

  /** Waits until the counters fulfil `condition`, and returns them. */
  waitFor(what: string, deadlineMs: number, condition: (report: Report) => boolean): Promise<Report> {
    const look = (): Report | null => {
      if (this.#report !== null && condition(this.#report)) return this.#report;
      if (this.#child.exitCode === null && this.#child.signalCode === null) return null;
      throw new HarnessError("load", `cannot see ${what}: the client ended: ${this.#trouble}`);
    };
    return waitUntil(what, deadlineMs, look).catch((cause: unknown) => {
      throw new HarnessError("load", `cannot see ${what}: ${JSON.stringify(this.#report)}`, { cause });
    });
  }

  /** Sends nothing further, waits for what is in flight and returns the final counters. */
  async stop(): Promise<Report> {
    this.#child.stdin?.end("stop\n");
    await this.#closed;
    if (this.#child.exitCode === 0) return this.report;
    throw new HarnessError("load", `cannot run the client: it ended badly: ${this.#trouble}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill("SIGKILL");
    await this.#closed;
  }
}

/** Starts a client's program inside the network of the process `where.pid` (a Container) or, with null, on this machine. */
export function spawnClient(
  where: { readonly pid: number } | null,
  program: string,
  options: unknown,
): ChildProcess {
  const enter = where === null ? [] : ["nsenter", "--target", String(where.pid), "--net", "--"];
  const [command = "", ...args] = [...enter, process.execPath, program, JSON.stringify(options)];
  return spawn(command, args, { stdio: "pipe" });
}

/** Returns the client when `begun` has been fulfilled; ends the client when `begun` never is. */
export async function whenBegun<Client extends AsyncDisposable>(
  client: Client,
  begun: Promise<unknown>,
): Promise<Client> {
  try {
    await begun;
    return client;
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}
