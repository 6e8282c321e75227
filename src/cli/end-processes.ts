import { closeFd } from "../linux/fd.js";
import { openPidfd, parentOf, signalPidfd } from "../linux/pidfd.js";
import { pause } from "./patience.js";

export interface ProcessesToEnd {
  /** The processes that are to end and still live; asked again and again. */
  readonly list: () => readonly number[];
  /** From SIGTERM to SIGKILL. */
  readonly drainMs: number;
}

interface Ended {
  readonly asked: number;
  readonly killed: number;
  /** What SIGKILL has not ended either: in uninterruptible sleep, or of another user. */
  readonly left: number;
}

const pollMs = 50;
const killMs = 5_000;

/**
 * Ends processes: SIGTERM to those whose parent is not to end as well (a server's children are its own to drain),
 * then, once the time is over, SIGKILL to all that are left and to what they have started meanwhile.
 */
export async function endProcesses({ list, drainMs }: ProcessesToEnd): Promise<Ended> {
  const pids = list();
  const heads = pids.filter((pid) => !pids.includes(parentOf(pid) ?? 0));
  const asked = heads.filter((pid) => send(pid, "SIGTERM", list)).length;
  await until(() => list().length === 0, drainMs);
  const killed = new Set<number>();
  await until(() => {
    for (const pid of list()) if (send(pid, "SIGKILL", list)) killed.add(pid);
    return list().length === 0;
  }, killMs);
  return { asked, killed: killed.size, left: list().length };
}

/** Never signals a stranger: once the pidfd is open, the process behind the number must still be on the list. */
function send(pid: number, signal: NodeJS.Signals, list: ProcessesToEnd["list"]): boolean {
  const pidfd = openPidfd(pid);
  if (pidfd === undefined) return false;
  try {
    return list().includes(pid) && signalPidfd(pidfd, signal);
  } catch {
    // Not ours to signal: it is counted as left.
    return false;
  } finally {
    closeFd(pidfd);
  }
}

async function until(condition: () => boolean, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition() && performance.now() < deadline) await pause(pollMs, new AbortController().signal);
}
