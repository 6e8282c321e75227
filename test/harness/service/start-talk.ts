import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { HoldfastError } from "../../../src/lib/failure.js";
import { DEADLINE_MS, waitUntil } from "../container/wait-until.js";
import { parseTalkReport, type TalkOptions, type TalkReport } from "./talk-report.js";

const DEFAULTS = { connections: 50, pauseMs: 50, numbered: false, durationMs: 120_000 };

/** A talking client at work. It ends by `stop`, after its duration, or with this process. */
export class Talk implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #report: TalkReport | null = null;
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
        this.#report = parseTalkReport(line);
      });
    }
  }

  /** Waits until this version has answered, and on all connections, as far as numbers can tell. */
  async waitFor(version: string): Promise<void> {
    const wanted = (this.#report?.opened ?? 1) * 2;
    await this.#look(`answers of ${version}`, ({ versions }) => (versions[version] ?? 0) >= wanted);
  }

  /** Says nothing further, waits for what was said, and returns the final counters. */
  async stop(): Promise<TalkReport> {
    this.#child.stdin?.end("stop\n");
    await this.#closed;
    if (this.#child.exitCode === 0 && this.#report !== null) return this.#report;
    throw new HoldfastError("talk", `cannot run the talking client: it ended badly: ${this.#trouble}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill("SIGKILL");
    await this.#closed;
  }

  #look(what: string, condition: (report: TalkReport) => boolean): Promise<true> {
    return waitUntil(what, DEADLINE_MS, () => {
      if (this.#report !== null && condition(this.#report)) return true;
      if (this.#child.exitCode === null && this.#child.signalCode === null) return null;
      throw new HoldfastError("talk", `cannot see ${what}: the talking client ended: ${this.#trouble}`);
    }).catch((cause: unknown) => {
      throw new HoldfastError("talk", `cannot see ${what}: ${JSON.stringify(this.#report)}`, { cause });
    });
  }
}

/** Starts a talking client inside the network of the process `pid`; its connections are opened by then or soon after. `version` answers. */
export async function startTalk(
  { pid }: { readonly pid: number },
  request: Pick<TalkOptions, "app" | "address"> & Partial<TalkOptions>,
  version = "v1",
): Promise<Talk> {
  const client = fileURLToPath(new URL("talk-client.js", import.meta.url));
  const options: TalkOptions = { ...DEFAULTS, ...request };
  const args = ["--target", String(pid), "--net", "--", process.execPath, client, JSON.stringify(options)];
  const talk = new Talk(spawn("nsenter", args, { stdio: "pipe" }));
  try {
    await talk.waitFor(version);
    return talk;
  } catch (error) {
    await talk[Symbol.asyncDispose]();
    throw error;
  }
}

/** Everything said was answered once, in order and unchanged, and no connection ended. */
export function assertNothingMissed(report: TalkReport, connections = DEFAULTS.connections): void {
  assert.deepEqual(report.wrong, [], JSON.stringify(report));
  assert.equal(report.opened, connections);
  assert.equal(report.closed, 0);
  assert.equal(report.answered, report.said);
}
