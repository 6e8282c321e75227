import { findEndedChildren, reap } from "../linux/orphans.js";

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
