import { spawn } from "node:child_process";
import { HarnessError } from "../harness-error.js";

export interface CommandOutcome {
  /** Exit status; 128 + signal number does not occur: a signal gives null. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly timeoutMs: number;
  /** Written to standard input, which is then closed. */
  readonly input?: string | Buffer;
}

/** All that a command sees of the environment: nothing of the host's leaks into a container. */
const ENVIRONMENT = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
  LANG: "C.UTF-8",
  SYSTEMD_PAGER: "",
  SYSTEMD_COLORS: "0",
};

/**
 * Runs a command to its end and returns how it ended, whatever the status. A command that takes longer than `timeoutMs` is
 * killed with its process group, and that throws a HarnessError `deadline` with what it printed.
 */
export function runCommand(
  argv: readonly [string, ...string[]],
  options: CommandOptions,
): Promise<CommandOutcome> {
  const [command, ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: ENVIRONMENT, detached: true, stdio: "pipe" });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }, options.timeoutMs);
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on("error", () => {}); // a command may end without reading its input
    child.stdin.end(options.input ?? "");
    child.on("error", (cause) => {
      clearTimeout(timer);
      reject(new HarnessError("spawn", `cannot run ${command}: ${cause.message}`, { cause }));
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      const outcome = {
        code,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      };
      if (!late) return resolve(outcome);
      const said = `${outcome.stdout}${outcome.stderr}`.trim();
      reject(
        new HarnessError(
          "deadline",
          `cannot finish ${argv.join(" ")}: not within ${options.timeoutMs} ms: ${said}`,
        ),
      );
    });
  });
}
