import { type Failure, fail, type Result, succeed } from "../../lib/failure.js";
import { countFds } from "../../linux/fd.js";

/** Of a worker: its pidfd, its channel, its notify socket and the doorbells of both, and its gate while it starts. */
const perWorker = 8;
/** For all else: commands, the copying of a snapshot, whoever asks the daemon, and the next upgrade of the daemon itself. */
const reserve = 32;

/**
 * Whether the daemon could open what a generation of so many workers needs, and still answer and replace workers. Out of fds it
 * could do neither: so it is asked before anything is begun.
 */
export function findFdRoom(workers: number): Result<void, Failure<"too-many-fds">> {
  const { limit, open } = countFds();
  const needed = workers * perWorker + reserve;
  if (open + needed <= limit) return succeed(undefined);
  return fail(
    "too-many-fds",
    `cannot start ${workers} more worker(s): the daemon has ${open} of ${limit} file descriptors open and may need ${needed} for them; ` +
      "raise LimitNOFILE= of the unit, or let fewer generations drain at a time (drain.timeout)",
  );
}
