import type { Slot } from "../../model/event.js";
import type { State } from "../../model/state.js";
import { findWorker, nameWorker } from "../../model/turn.js";

/** A process closes its sockets a moment before it has ended. */
const dyingMs = 1_000;

/**
 * A worker whose channel is lost while it lives hands over nothing any more, of which `warn` is told. The end of a channel is
 * mostly that of its worker, of which there is news in a moment; one that drains is not worth a word.
 */
export function warnIfItLives(
  slot: Slot,
  why: string,
  current: () => State,
  warn: (message: string) => void,
): void {
  const lost = findWorker(current(), slot)?.run;
  if (lost?.phase !== "ready") return;
  const { pid } = lost.process;
  const look = (): void => {
    const run = findWorker(current(), slot)?.run;
    if (run?.phase !== "ready" || run.process.pid !== pid) return;
    warn(
      `worker ${nameWorker(slot)} (pid ${pid}) is a plain one from now on, which cannot hand over its connections: ${why}`,
    );
  };
  setTimeout(look, dyingMs).unref();
}
