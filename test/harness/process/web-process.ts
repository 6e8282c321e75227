import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Ends } from "../ends.js";
import type { Rig } from "./rig.js";

export const webProgram = fileURLToPath(new URL("../../../src/web.js", import.meta.url));

/** Lets the instance of a rig be found where those of this user are. */
export function showInstance(context: Ends, rig: Rig): void {
  const base = process.geteuid?.() === 0 ? "/run/holdfast" : join(rig.directory, "holdfast");
  const link = join(base, rig.name);
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(rig.runtimeDirectory, link);
  context.after(() => rmSync(link, { force: true }));
}

/** Of holdfast-web beside the daemon of a rig. */
export function webEnvironment(rig: Rig): Record<string, string> {
  return { STATE_DIRECTORY: rig.directory, XDG_RUNTIME_DIR: rig.directory };
}

/** holdfast-web as systemd starts it for a socket unit, each time anew with the same listeners. */
export class WebProcess {
  readonly #fds: readonly number[];
  readonly #rig: Rig;
  readonly #config: string;
  #child: ChildProcess;
  #stopped = false;
  #starts = 0;

  constructor(context: Ends, rig: Rig, fds: readonly number[], { toml = "", idle = "10min" } = {}) {
    this.#fds = fds;
    this.#rig = rig;
    this.#config = join(rig.directory, "web.toml");
    writeFileSync(this.#config, toml);
    this.#child = this.#start(idle);
    context.after(() => this.stop());
  }

  /** How often it has been started: by itself it ends only when nobody comes. */
  get starts(): number {
    return this.#starts;
  }

  /** The shell has become holdfast-web once that has answered. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  residentBytes(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }

  /** Ends the process, after which another one is started. */
  async restart(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await ended;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    await this.restart();
  }

  #start(idle: string): ChildProcess {
    this.#starts += 1;
    const become = 'LISTEN_PID=$$ exec "$0" "$@"';
    const words = [process.execPath, webProgram, "--config", this.#config, "--idle", idle];
    const child = spawn("/bin/sh", ["-c", become, ...words], {
      stdio: ["ignore", "inherit", "inherit", ...this.#fds],
      env: { ...process.env, ...webEnvironment(this.#rig), LISTEN_FDS: String(this.#fds.length) },
    });
    child.once("exit", (code) => {
      // As systemd: again as soon as somebody is in the backlog, which the test sees to.
      if (!this.#stopped && code === 0) this.#child = this.#start(idle);
    });
    return child;
  }
}
