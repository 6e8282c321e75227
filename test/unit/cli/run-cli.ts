import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const entry = fileURLToPath(new URL("../../../src/cli.js", import.meta.url));

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly stdout: () => string;
  readonly interrupt: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<Ran>;
}

/** Starts the CLI as a process of its own, in an environment that has nothing but what is given. */
export function startCli(args: readonly string[], env: Record<string, string> = {}): RunningCli {
  const child = spawn(process.execPath, [entry, ...args], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk) => {
    stderr += chunk;
  });
  return {
    stdout: () => stdout,
    interrupt: (signal) => void child.kill(signal),
    ended: once(child, "close").then(() => ({ status: child.exitCode, stdout, stderr })),
  };
}

export function runCli(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  return startCli(args, env).ended;
}
