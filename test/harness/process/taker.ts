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

/** A second daemon of the rig's service, in directories of its own, that asks the first for everything. */
export class Taker implements AsyncDisposable {
  readonly directory: string;
  readonly runtimeDirectory: string;
  readonly control: ControlClient;
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;

  constructor(rig: Rig, place: readonly string[] = [], socket = takeoverSocketIn(rig.runtimeDirectory)) {
    this.directory = mkdtempSync(join(rig.directory, "taker-"));
    this.runtimeDirectory = join(this.directory, "run");
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
    return rig.manager.waitFor(
      what,
      async () => {
        const status = await this.control.status();
        return status.ok && probe(status.value) ? status.value : undefined;
      },
      20_000,
    );
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

/** Its own generation is the only one, and serves. */
export function isServing({ generations, upgrade, lifecycle }: StatusReport): boolean {
  const [only, other] = generations;
  return lifecycle === "running" && upgrade === null && other === undefined && only?.phase === "active";
}
