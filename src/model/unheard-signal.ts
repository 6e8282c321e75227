import type { ExitStatus } from "./event.js";
import type { Generation, Worker } from "./generation-state.js";
import { announce, nameWorker, type Turn } from "./turn.js";

/**
 * A worker that the signal has ended which was to make it drain: its app does not handle it, and what it was answering is cut. Said once
 * a generation, of the first to end.
 */
export function noticeUnheard(turn: Turn, generation: Generation, worker: Worker, exit: ExitStatus): void {
  const { id, stage, servesSince, workers, specification } = generation;
  const { signal } = specification.plan.drain;
  const drains = stage.phase === "draining" && stage.pressure === "asked" && servesSince !== null;
  if (!drains || exit.signal !== signal || exit.handled || workers.length < specification.plan.workers)
    return;
  const name = nameWorker({ generation: id, index: worker.index });
  const advice =
    "at that signal it has to stop accepting, finish, and exit; a Node app does with `node --import holdfast/register`, and a shell script starts its program by `exec`";
  announce(
    turn,
    "warning",
    "sigterm-unhandled",
    `worker ${name} was ended by ${signal} itself, so what it was answering has been cut: ${advice}`,
    { generation: id, worker: name },
  );
}
