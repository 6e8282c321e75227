import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { type Failure, fail, messageOf, type Result, succeed } from "../lib/failure.js";
import { keepNonBlocking } from "../linux/fd.js";
import { openJournalStream } from "../linux/journal-stream.js";

/**
 * The shell waits at the gate, then becomes the worker: so LISTEN_PID is the worker's own pid, and a worker that
 * the daemon did not live to write down never runs, because the gate's pipe then ends without a line.
 */
const gate = 'read -r open || exit 0; unset open; LISTEN_PID=$$ exec "$0" "$@" </dev/null';

export interface WorkerCommand {
  readonly command: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Passed as fds 3 and up, in this order. */
  readonly fds: readonly number[];
  readonly fdNames: readonly string[];
  /** What marks its output in the journal. */
  readonly identifier: string;
  /** The worker's end of its channel: passed after the listeners, not counted among them. */
  readonly channel: number;
}

export interface GatedWorker {
  readonly pid: number;
  readonly child: ChildProcess;
  openGate(): void;
  /** A worker that still waits at its gate ends. */
  closeGate(): void;
}

/**
 * Starts a worker in a session and process group of its own, its stdout and stderr those of the daemon or a stream of its own to the journal,
 * its listeners passed as in sd_listen_fds(3). Nothing of it runs before `openGate`.
 */
export function spawnWorker(worker: WorkerCommand): Result<GatedWorker, Failure<"spawn-failed">> {
  const { command, directory, environment, fds, fdNames, identifier, channel } = worker;
  const listen = { LISTEN_FDS: String(fds.length), LISTEN_FDNAMES: fdNames.join(":") };
  using journal = openJournalStream(process.env, identifier);
  const { stdout, stderr, variables } = journal;
  const passed = [...fds, channel];
  const options: SpawnOptions = {
    cwd: directory,
    env: {
      ...environment,
      ...(fds.length > 0 ? listen : {}),
      ...variables,
      HOLDFAST_CHANNEL: String(3 + fds.length),
    },
    stdio: ["pipe", stdout, stderr, ...passed],
    detached: true,
  };
  let child: ChildProcess;
  try {
    child = keepNonBlocking(passed, () => spawn("/bin/sh", ["-c", gate, ...command], options));
  } catch (error) {
    return fail("spawn-failed", `cannot start ${command.join(" ")}: ${messageOf(error)}`);
  }
  child.on("error", () => {});
  const { pid, stdin } = child;
  if (pid === undefined || stdin === null) {
    // Which of them Node tells later.
    const why =
      "its directory is gone, or open files (LimitNOFILE=), tasks (TasksMax=) or memory are used up";
    return fail("spawn-failed", `cannot start ${command.join(" ")} in ${directory}: ${why}`);
  }
  // A worker that died at its gate has closed the pipe: its exit says so.
  stdin.on("error", () => {});
  child.unref();
  return succeed({ pid, child, openGate: () => stdin.end("\n"), closeGate: () => stdin.destroy() });
}
