import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ControlClient, createControlClient } from "../../../src/control/client.js";
import type { StatusReport } from "../../../src/control/port.js";
import { controlSocketIn, takeoverSocketIn } from "../../../src/lib/directories.js";
import { faultVariable } from "./fault.js";
import type { Rig } from "./rig.js";

/** Needs root: a pid namespace is what a container is to its processes. */
export const elsewhere = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];
/** The first process of a namespace cannot be killed from inside. */
export const notFirst = ["/bin/sh", "-c", '"$0" "$@"; exit $?'];
export const asRoot = process.getuid?.() === 0 ? {} : { skip: "a pid namespace needs root" };

/** A second daemon of the rig's service, in directories of its own, that asks the first for everything. */
export class Taker implements AsyncDisposable {
  readonly directory: string;
  readonly runtimeDirectory: string;
  readonly control: ControlClient;
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;

  constructor(
    rig: Rig,
    place: readonly string[] = [],
    socket = takeoverSocketIn(rig.runtimeDirectory),
    runtimeDirectory?: string,
  ) {
    this.directory = mkdtempSync(join(rig.directory, "taker-"));
    this.runtimeDirectory = runtimeDirectory ?? join(this.directory, "run");
    const [program = "", ...args] = [
      ...place,
      ...[process.execPath, rig.program, "--name", rig.name, "--config", rig.configFile],
      ...[
        "--runtime-dir",
        this.runtimeDirectory,
        "--state-dir",
        join(this.directory, "state"),
        "--takeover",
        socket,
      ],
    ];
    const log = openSync(this.#logFile, "a");
    this.#child = spawn(program, args, {
      stdio: ["ignore", log, log],
      env: { ...process.env, [faultVariable]: rig.directory },
    });
    closeSync(log);
    this.#exited = new Promise((resolve) => this.#child.once("exit", resolve));
    this.control = createControlClient({
      socketPath: controlSocketIn(this.runtimeDirectory),
      timeoutMs: 1000,
    });
  }

  get exited(): Promise<number | null> {
    return this.#exited;
  }

  get log(): string {
    return readFileSync(this.#logFile, "utf8");
  }

  until(rig: Rig, what: string, probe: (status: StatusReport) => boolean): Promise<StatusReport> {
    return rig.manager.waitFor(what, async () => {
      const status = await this.control.status();
      return status.ok && probe(status.value) ? status.value : undefined;
    });
  }

  /** Waits until it serves, or has ended; undefined for the latter. */
  async servesOrEnded(rig: Rig): Promise<StatusReport | undefined> {
    const outcome = await rig.manager.waitFor("the next daemon, or its end", async () => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) return { status: undefined };
      const status = await this.control.status();
      return status.ok && isServing(status.value) ? { status: status.value } : undefined;
    });
    return outcome.status;
  }

  /** After a SIGSTOP. */
  goOn(): void {
    this.#child.kill("SIGCONT");
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#exited;
  }

  get #logFile(): string {
    return join(this.directory, "daemon.log");
  }
}

export function isServing({ generations, upgrade, lifecycle }: StatusReport): boolean {
  const [only, other] = generations;
  return lifecycle === "running" && upgrade === null && other === undefined && only?.phase === "active";
}
