import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { countFds } from "./open-fds.js";

const run = promisify(execFile);

/** A process that may open only a few more fds: prlimit(1). */
export class FewFds {
  readonly #pid: number;
  readonly #before: string;

  private constructor(pid: number, before: string) {
    this.#pid = pid;
    this.#before = before;
  }

  /** Undefined when the process is gone. */
  static async leave(pid: number, more: number): Promise<FewFds | undefined> {
    try {
      const { stdout } = await run("prlimit", [
        "--pid",
        `${pid}`,
        "--nofile",
        "--raw",
        "--noheadings",
        "-o",
        "HARD",
      ]);
      await run("prlimit", ["--pid", `${pid}`, `--nofile=${countFds(pid) + more}:`]);
      return new FewFds(pid, stdout.trim());
    } catch {
      return undefined;
    }
  }

  /** Nothing when the process is gone. */
  readonly end = async (): Promise<void> => {
    await run("prlimit", ["--pid", `${this.#pid}`, `--nofile=${this.#before}:`]).catch(() => {});
  };
}
