import { encodeMessage } from "../../channel/json.js";
import type { DaemonMessage } from "../../channel/worker-messages.js";
import { type Failure, fail, type Result } from "../../lib/failure.js";
import { closeForeign } from "../../linux/close-foreign.js";
import { maxFdsPerMessage, sendMessage } from "../../linux/message.js";
import { inspectSocket } from "../../linux/socket.js";
import type { HeldListeners } from "../../listeners/held-listeners.js";
import type { Slot } from "../../model/event.js";
import { findGeneration } from "../../model/find.js";
import type { State } from "../../model/state.js";
import { findWorker, nameWorker } from "../../model/turn.js";
import type { WorkerChannels } from "../../process/worker-channels.js";
import { collectFds, type NamedFd } from "../perform/collect-fds.js";

type Refusal = Failure<"listener-lost" | "sockets-refused">;

interface Parts {
  readonly channels: WorkerChannels;
  readonly listeners: HeldListeners;
}

/**
 * A process that the worker has started (npm's, a shell's) is the one that serves, and what was passed to the worker has not come down
 * to it: it is passed once more, on a channel of its own, which is the worker's from now on. One process of a worker can have it.
 */
export function connectWorker(slot: Slot, channel: number, state: State, parts: Parts): void {
  const { channels } = parts;
  const { family, type } = inspectSocket(channel) ?? {};
  if (family === "unix" && type === "seqpacket") {
    // It may have been another one's that is gone.
    channels.hearOut(slot);
    const passed = findPassed(slot, channel, state, parts);
    if (passed.ok) {
      const names = passed.value.map(({ name }) => name);
      const fds = passed.value.map(({ fd }) => fd);
      if (say(channel, { type: "passed", names }, fds)) {
        channels.adopt(slot, channel);
        return;
      }
    } else {
      say(channel, { type: "refused", why: passed.failure.message }, []);
    }
  }
  closeForeign(channel);
}

function findPassed(
  slot: Slot,
  channel: number,
  state: State,
  { channels, listeners }: Parts,
): Result<readonly NamedFd[], Refusal> {
  const worker = nameWorker(slot);
  const refuse = (why: string): Result<never, Refusal> => fail("sockets-refused", why);
  const generation = findGeneration(state, slot.generation);
  const phase = findWorker(state, slot)?.run.phase;
  if (generation === undefined || (phase !== "starting" && phase !== "ready"))
    return refuse(`worker ${worker} is to end`);
  if (channels.isTaken(slot, channel))
    return refuse(`another process of worker ${worker} serves them; give each a service of its own`);
  if (generation.listeners.length > maxFdsPerMessage)
    return refuse(`there are more than ${maxFdsPerMessage}, which only the command itself can have`);
  return collectFds(generation, state, listeners);
}

/** The channel is new, and has room. */
function say(channel: number, message: DaemonMessage, fds: readonly number[]): boolean {
  return sendMessage(channel, encodeMessage(message), fds) >= 0;
}
