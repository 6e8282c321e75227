import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { HarnessError } from "../harness-error.js";

/** What listens on this port in the network of the process `container.pid`; the next port is free. */
export interface Served {
  readonly container: { readonly pid: number };
  readonly port: number;
}

/** A line to a service over which everything takes `delayMs` each way. It ends with this process. */
export class Delay implements AsyncDisposable {
  readonly address: string;
  readonly #child: ChildProcess;

  private constructor(address: string, child: ChildProcess) {
    this.address = address;
    this.#child = child;
  }

  static async start({ container, port: to }: Served, delayMs: number): Promise<Delay> {
    const proxy = fileURLToPath(new URL("delay-proxy.js", import.meta.url));
    const port = to + 1;
    const args = ["--target", String(container.pid), "--net", "--", process.execPath, proxy];
    const child = spawn("nsenter", [...args, String(port), String(to), String(delayMs)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const ended = once(child, "exit").then(() => {
      throw new HarnessError("delay", "cannot run the delaying proxy: it ended");
    });
    ended.catch(() => {});
    await Promise.race([once(child.stdout, "data"), ended]);
    return new Delay(`127.0.0.1:${port}`, child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.stdin?.end();
    await exited;
  }
}
