import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { formatDuration } from "../lib/duration.js";
import { type Failure, fail, messageOf, type Result, succeed } from "../lib/failure.js";
import { closeFd, keepNonBlocking } from "../linux/fd.js";
import type { InheritedFd } from "../systemd/listen-fds.js";
import { predecessorFdName, readyLine } from "./predecessor.js";

/** As long as nobody needs the daemon, a slow start harms nobody. */
const timeoutMs = 30_000;
/** From when somebody does. */
const neededTimeoutMs = 5_000;
const lookMs = 250;

/** The shell becomes the daemon, so that both are its own pid. */
const becomeDaemon = '[ -z "$SYSTEMD_EXEC_PID" ] || export SYSTEMD_EXEC_PID=$$; LISTEN_PID=$$ exec "$0" "$@"';

export interface SuccessorOptions {
  /** Closed in this process when this returns, unless it fails. */
  readonly fds: readonly InheritedFd[];
  /** This process is the main process of a unit; the successor is going to be. */
  readonly inUnit: boolean;
  /** Whether there is something to be done that nobody does meanwhile. */
  readonly isNeeded: () => boolean;
}

/**
 * Starts the program that is now on disk with this process's arguments and environment, and waits until it has recovered. Returns
 * its pid. On a failure it has ended, and nothing of it is left. nginx's USR2, with an answer.
 */
export async function startSuccessor({
  fds,
  inUnit,
  isNeeded,
}: SuccessorOptions): Promise<Result<number, Failure<"reexec-failed">>> {
  const [, script = "", ...args] = process.argv;
  const command = [process.execPath, ...process.execArgv, script, ...args];
  const passed = fds.map(({ fd }) => fd);
  const options: SpawnOptions = {
    env: {
      ...process.env,
      LISTEN_FDS: String(fds.length + 1),
      LISTEN_FDNAMES: [...fds.map(({ name }) => name), predecessorFdName].join(":"),
      // Said of this process.
      WATCHDOG_PID: undefined,
      SYSTEMD_EXEC_PID: inUnit ? process.env["SYSTEMD_EXEC_PID"] : undefined,
    },
    stdio: ["inherit", "inherit", "inherit", ...passed, "pipe"],
  };
  let child: ChildProcess;
  try {
    child = keepNonBlocking(passed, () => spawn("/bin/sh", ["-c", becomeDaemon, ...command], options));
  } catch (error) {
    return fail("reexec-failed", `cannot start ${command.join(" ")}: ${messageOf(error)}`);
  }
  const why = await untilReady(child, child.stdio[3 + fds.length], isNeeded);
  if (why !== undefined || child.pid === undefined) {
    return fail("reexec-failed", `the new daemon (${command.join(" ")}) did not take over: ${why}`);
  }
  for (const { fd } of fds) closeFd(fd);
  return succeed(child.pid);
}

/** Undefined when it is ready; else why not, and it has ended. */
async function untilReady(
  child: ChildProcess,
  pipe: unknown,
  isNeeded: () => boolean,
): Promise<string | undefined> {
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) =>
      resolve(
        signal === null ? `it exited with status ${code}; its log says why` : `it was killed by ${signal}`,
      ),
    );
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    const begun = performance.now();
    let neededSince: number | undefined;
    timer = setInterval(() => {
      const now = performance.now();
      if (neededSince === undefined && isNeeded()) neededSince = now;
      const needed = neededSince !== undefined && now - neededSince > neededTimeoutMs;
      if (!needed && now - begun < timeoutMs) return;
      const waited = needed ? neededTimeoutMs : timeoutMs;
      resolve(
        `it was not ready within ${formatDuration(waited)}${needed ? " of the daemon being needed" : ""}`,
      );
    }, lookMs);
  });
  const ready = new Promise<undefined>((resolve) => {
    let said = "";
    // Node types the fourth and further stdio as any stream.
    (isReadable(pipe) ? pipe : undefined)?.on("data", (chunk: Buffer) => {
      said += chunk.toString("latin1");
      if (said === readyLine) resolve(undefined);
    });
  });
  const why = await Promise.race([ready, ended, late]);
  clearInterval(timer);
  if (why === undefined) return undefined;
  child.kill("SIGKILL");
  await ended;
  return why;
}

function isReadable(stream: unknown): stream is Readable {
  return typeof stream === "object" && stream !== null && "on" in stream && "readable" in stream;
}
