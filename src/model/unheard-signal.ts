import type { ExitStatus } from "./event.js";
import type { Generation, Worker } from "./generation-state.js";
import { announce, nameWorker, type Turn } from "./turn.js";

/**
 * A worker that the first SIGTERM of its drain has ended, instead of making it drain: its app does not handle the signal, and what it
 * was answering is cut. Said once a generation, of the first to end.
 */
export function noticeUnheard(turn: Turn, generation: Generation, worker: Worker, exit: ExitStatus): void {
  const { id, stage, servesSince, workers, specification } = generation;
  const drains = stage.phase === "draining" && stage.pressure === "asked" && servesSince !== null;
  if (!drains || exit.signal !== "SIGTERM" || workers.length < specification.plan.workers) return;
  const name = nameWorker({ generation: id, index: worker.index });
  const advice =
    "on SIGTERM it has to stop accepting, finish, and exit; a Node app does with `node --import holdfast/register`, and a shell script starts its program by `exec`";
  announce(
    turn,
    "warning",
    "sigterm-unhandled",
    `worker ${name} was ended by SIGTERM itself, so what it was answering has been cut: ${advice}`,
    { generation: id, worker: name },
  );
}
