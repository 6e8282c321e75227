import { readdirSync, readFileSync } from "node:fs";
import { libc } from "./ffi.js";

const WNOHANG = 1;

const waitpid = libc<[pid: number, status: null, options: number]>("int waitpid(int, void *, int)");

/** Node asks for the status of its own children at once; what it has not asked for after this long is nobody's. */
const nobodysAfterMs = 500;

/**
 * As the first process of a container this one inherits what others leave behind, and has to let it go when it ends: else the
 * container fills up with ended processes. pid_namespaces(7).
 */
export function reapOrphans(): void {
  let before: ReadonlySet<number> = new Set();
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    const ended = findEndedChildren();
    for (const pid of ended) if (before.has(pid)) reap(pid);
    before = ended;
    timer = ended.size > 0 ? setTimeout(look, nobodysAfterMs) : undefined;
  };
  process.on("SIGCHLD", () => {
    if (timer === undefined) timer = setTimeout(look, nobodysAfterMs);
  });
}

/** Children of this process that have ended and that nobody has asked for their status: state Z in proc_pid_stat(5). */
function findEndedChildren(): ReadonlySet<number> {
  return new Set(
    readdirSync("/proc")
      .map(Number)
      .filter((pid) => Number.isInteger(pid) && isEndedChild(pid)),
  );
}

/** Lets an ended child go. waitpid(2). */
function reap(pid: number): void {
  waitpid(pid, null, WNOHANG);
}

function isEndedChild(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" && Number(parent) === process.pid;
  } catch {
    return false;
  }
}
