import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { type Failure, fail, messageOf, type Result, succeed } from "../lib/failure.js";

const outputKept = 2000;

export interface CommandOptions {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Runs a check or ready command to its end. It fails with the exit status and the end of what it printed. */
export function runCommand(
  argv: readonly string[],
  options: CommandOptions,
): Promise<Result<void, Failure<"command-failed">>> {
  const [command = "", ...rest] = argv;
  const shown = argv.join(" ");
  return new Promise((resolve) => {
    let child: ChildProcessByStdio<null, Readable, Readable>;
    try {
      child = spawn(command, rest, {
        cwd: options.directory,
        env: options.environment,
        stdio: ["ignore", "pipe", "pipe"],
        signal: options.signal,
        killSignal: "SIGKILL",
      });
    } catch (error) {
      return resolve(fail("command-failed", `cannot run ${command}: ${messageOf(error)}`));
    }
    let output = "";
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString("utf8")).slice(-outputKept);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", (error) => {
      const why = error.name === "AbortError" ? "it took too long and was killed" : error.message;
      resolve(fail("command-failed", `cannot run ${shown}: ${why}`));
    });
    child.on("close", (code, signal) => {
      if (code === 0) return resolve(succeed(undefined));
      const how = signal === null ? `exited with status ${code}` : `was ended by ${signal}`;
      const printed = output.trim() === "" ? "" : `:\n${output.trim()}`;
      resolve(fail("command-failed", `${shown} ${how}${printed}`));
    });
  });
}
