import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { closeFd } from "../../../src/linux/fd.js";
import { readToken } from "../../../src/web/token.js";
import { DEADLINE_MS, waitUntil } from "../container/wait-until.js";
import { HarnessError } from "../harness-error.js";
import { openAtFreePort, portOf } from "./ports.js";
import type { Rig } from "./rig.js";

const program = fileURLToPath(new URL("../../../src/web.js", import.meta.url));

/** holdfast-web as a process, beside the daemon of a rig, which it finds where it finds all instances of the user's. */
export class WebOfRig implements AsyncDisposable {
  readonly address: string;
  readonly #rig: Rig;
  readonly #state: string;
  readonly #link: string;
  readonly #port: number;
  #child: ChildProcess | undefined;

  constructor(rig: Rig) {
    this.#rig = rig;
    this.#state = rig.makeDirectory("web-state");
    const base = process.geteuid?.() === 0 ? "/run/holdfast" : join(rig.directory, "holdfast");
    this.#link = join(base, rig.name);
    mkdirSync(dirname(this.#link), { recursive: true });
    symlinkSync(rig.runtimeDirectory, this.#link);
    const free = openAtFreePort();
    this.#port = portOf(free);
    closeFd(free);
    this.address = `http://127.0.0.1:${this.#port}`;
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    const config = join(this.#state, "web.toml");
    writeFileSync(config, "[web]\nactions = true\n");
    const child = spawn(
      process.execPath,
      [program, "--listen", `127.0.0.1:${this.#port}`, "--config", config],
      {
        stdio: ["ignore", "inherit", "inherit"],
        env: { ...process.env, STATE_DIRECTORY: this.#state, XDG_RUNTIME_DIR: this.#rig.directory },
      },
    );
    this.#child = child;
    await waitUntil("holdfast-web answers", DEADLINE_MS, async () => {
      if (child.exitCode !== null) throw new HarnessError("web", `holdfast-web ended with ${child.exitCode}`);
      return (await fetch(this.address).catch(() => undefined))?.ok;
    });
  }

  /** Resolves when it has ended. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  }

  /** What a browser has to show before it may act. */
  token(): string {
    const token = readToken(this.#state);
    if (!token.ok) throw new HarnessError("token", token.failure.message);
    return token.value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#link, { force: true });
  }
}
