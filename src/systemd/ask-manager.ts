import { execFile } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { ownCgroup } from "../linux/cgroup.js";
import { findProgram } from "../linux/find-program.js";

const timeoutMs = 2000;
const retryMs = 100;
const run = promisify(execFile);

/**
 * What `read` makes of the output of busctl or systemctl, asked until it makes something, for at most two seconds: early in
 * a boot the bus is there before systemd is on it. Undefined when that was not enough. Never throws.
 */
export async function askManager<T>(
  command: "busctl" | "systemctl",
  args: readonly string[],
  read: (stdout: string) => T | undefined,
): Promise<T | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask(command, args, Math.max(1, deadline - performance.now()));
    const made = answer === undefined ? undefined : read(answer);
    if (made !== undefined || performance.now() + retryMs >= deadline) return made;
    await pause(retryMs);
  }
}

async function ask(command: string, args: readonly string[], leftMs: number): Promise<string | undefined> {
  try {
    const { stdout } = await run(findProgram(command), [...scope(), ...args], {
      timeout: Math.ceil(leftMs),
      // With NOTIFY_SOCKET in sight it would report its own failure as the service's.
      env: { ...process.env, NOTIFY_SOCKET: undefined },
      killSignal: "SIGKILL",
    });
    return stdout;
  } catch {
    return undefined;
  }
}

/** A service of a user manager must ask that one. */
function scope(): string[] {
  return /\/user@\d+\.service\//.test(ownCgroup() ?? "") ? ["--user"] : [];
}
