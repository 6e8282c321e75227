import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { errorCode, type Failure, messageOf, type Result, succeed } from "../lib/failure.js";
import { signalGroup } from "../linux/pidfd.js";

const outputKept = 2000;
const linesKept = 30;
/** What a command has started may hold its output open after it has ended: nobody waits for that. */
const lastOutputMs = 200;

export interface CommandOptions {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Ends the command and what it started. */
  readonly signal: AbortSignal;
  /** One JSON document for its stdin, which is empty otherwise. */
  readonly input?: unknown;
}

/** How a command ended; `output` is the end of what it printed, on stdout and stderr. */
export type CommandEnd =
  | { readonly how: "exited"; readonly status: number; readonly output: string }
  | { readonly how: "signalled"; readonly signal: NodeJS.Signals; readonly output: string }
  | { readonly how: "timed-out"; readonly output: string }
  | { readonly how: "not-started"; readonly why: string };

/** Runs a check or ready command to its end. It fails with the exit status, and beside it the end of what it printed. */
export async function runCommand(
  argv: readonly string[],
  options: CommandOptions,
): Promise<Result<void, Failure<"command-failed">>> {
  const end = await followCommand(argv, options);
  if (end.how === "exited" && end.status === 0) return succeed(undefined);
  const output = "output" in end ? lastLines(end.output) : "";
  const failure = { reason: "command-failed", message: describeEnd(argv, end) } as const;
  return { ok: false, failure: output === "" ? failure : { ...failure, output } };
}

/** Whole lines, where there are several. */
function lastLines(output: string): string {
  return output.trim().split("\n").slice(-linesKept).join("\n");
}

/** Runs a command, in a process group of its own, to its end. */
export function followCommand(argv: readonly string[], options: CommandOptions): Promise<CommandEnd> {
  const [command = "", ...rest] = argv;
  return new Promise((resolve) => {
    if (options.signal.aborted) return resolve({ how: "timed-out", output: "" });
    let child: ChildProcessByStdio<Writable, Readable, Readable>;
    try {
      child = spawn(command, rest, {
        cwd: options.directory,
        env: options.environment,
        stdio: ["pipe", "pipe", "pipe"],
        detached: true,
      });
    } catch (error) {
      return resolve({ how: "not-started", why: explainStart(error) });
    }
    let output = "";
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString("utf8")).slice(-outputKept);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    // Not every command reads it to its end.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input === undefined ? "" : `${JSON.stringify(options.input)}\n`);
    const kill = (): void => {
      try {
        if (child.pid !== undefined) signalGroup(child.pid, "SIGKILL");
      } catch {
        // It has become another user's, out of reach: nobody waits for it.
      }
      finish({ how: "timed-out", output });
    };
    const finish = (end: CommandEnd): void => {
      options.signal.removeEventListener("abort", kill);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve(end);
    };
    options.signal.addEventListener("abort", kill, { once: true });
    child.on("error", (error) => finish({ how: "not-started", why: explainStart(error) }));
    child.on("exit", (status, signal) => {
      options.signal.removeEventListener("abort", kill);
      const conclude = (): void => {
        clearTimeout(timer);
        finish(
          status === null
            ? { how: "signalled", signal: signal ?? "SIGKILL", output }
            : { how: "exited", status, output },
        );
      };
      const timer = setTimeout(conclude, lastOutputMs);
      child.once("close", conclude);
    });
  });
}

function explainStart(error: unknown): string {
  const code = errorCode(error);
  if (code === "ENOENT") return "there is no such program, or its working directory is gone";
  return code === "EACCES" ? "it may not be executed (chmod +x)" : messageOf(error);
}

/** The end of a command in words, without what it printed. */
export function describeEnd(argv: readonly string[], end: CommandEnd): string {
  const shown = argv.join(" ");
  switch (end.how) {
    case "exited":
      return `${shown} exited with status ${end.status}`;
    case "signalled":
      return `${shown} was ended by ${end.signal}`;
    case "timed-out":
      return `cannot run ${shown}: it took too long and was killed`;
    case "not-started":
      return `cannot run ${argv[0] ?? ""}: ${end.why}`;
  }
}

/** The last line that is not empty. */
export function lastLine(output: string): string {
  return output.trimEnd().split("\n").at(-1)?.trim() ?? "";
}
