import { judgeAccepts } from "../../judge/accepts.js";
import { lateMs } from "../../lib/late-timer.js";
import { stoodStill } from "../../lib/stood-still.js";
import { readBacklog, readQueue } from "../../linux/backlog.js";
import { probeListener } from "../../linux/probe-listener.js";
import { type Courtroom, listenersOf, repeat, wait, workersOf } from "./courtroom.js";

/** How long a connection may wait, with nobody accepting at all, before that counts. */
const stillMs = 2_000;
const lookEveryMs = 1_000;
const probePauseMs = 5_000;
/** For each listener: servers that log such connections are not to be flooded. */
const mostProbes = 4;

/**
 * Whether the generation takes the connections that come. As long as the one before serves beside it nobody waits, so this is for
 * the probation. Connections of the daemon's own show it at once, also where no client comes; then the queues are watched.
 */
export async function watchAccepts(room: Courtroom): Promise<void> {
  if (room.phase === "trial") return;
  const streams = listenersOf(room).filter(({ fd }) => readBacklog(fd).seen !== "cannot");
  // Native ones count what they accept, and a connection that no client made would be counted, too.
  const plain = workersOf(room).some((slot) => !room.channels.isNative(slot));
  await Promise.all(
    streams.flatMap(({ listener: { name }, fd }) => [
      watchQueue(room, name, fd),
      ...(plain ? [probe(room, name, fd)] : []),
    ]),
  );
}

async function probe(room: Courtroom, name: string, fd: number): Promise<void> {
  for (let left = mostProbes; left > 0 && !room.signal.aborted; left -= 1) {
    const begunMs = room.nowMs();
    const signal = AbortSignal.any([room.signal, AbortSignal.timeout(stillMs)]);
    const probed = await probeListener(
      fd,
      workersOf(room).map(({ process }) => process.pid),
      signal,
    );
    if (room.signal.aborted) return;
    if (probed.seen === "cannot") {
      room.warn(
        `who accepts from the listener ${name} cannot be seen, so nothing follows from it: ${probed.why}`,
      );
      return;
    }
    if (probed.seen === "accepted") return;
    const inTime = room.nowMs() - begunMs <= stillMs + lateMs;
    const stillForMs = probed.seen === "stood-still" && inTime ? stillMs : 0;
    const verdict = judgeAccepts({ queued: lengthOf(fd) ?? 1, stillForMs });
    if (verdict.verdict === "bad") return room.condemn(`listener ${name}: ${verdict.why}`);
    await wait(probePauseMs, room.signal);
  }
}

/**
 * A queue that has clients in it and does not move, whatever the generation did before. From one look to the next no more time counts
 * than there is between them: the rest this daemon has stood still, and the workers perhaps with it.
 */
async function watchQueue(room: Courtroom, name: string, fd: number): Promise<void> {
  const first = readQueue(fd);
  if (first.seen === "cannot") {
    room.warn(`who waits at the listener ${name} cannot be seen, so nothing follows from it: ${first.why}`);
    return;
  }
  let before: ReadonlySet<string> = new Set();
  let stillForMs = 0;
  let lastMs = room.nowMs();
  await repeat(lookEveryMs, room.signal, async () => {
    // Cheap, and nearly always the end of it.
    const queued = lengthOf(fd);
    const queue = queued === undefined || queued > 0 ? readQueue(fd) : undefined;
    const clients: ReadonlySet<string> = queue?.seen === "clients" ? queue.clients : new Set();
    const nowMs = room.nowMs();
    const passedMs = Math.min(nowMs - lastMs, lookEveryMs);
    stillForMs = stoodStill(before, clients) ? stillForMs + passedMs : 0;
    before = clients;
    lastMs = nowMs;
    const verdict = judgeAccepts({ queued: clients.size, stillForMs });
    if (verdict.verdict === "bad") room.condemn(`listener ${name}: ${verdict.why}`);
  });
}

function lengthOf(fd: number): number | undefined {
  const backlog = readBacklog(fd);
  if (backlog.seen === "length") return backlog.queued;
  return backlog.seen === "presence" && !backlog.someoneWaits ? 0 : undefined;
}
