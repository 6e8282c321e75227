import type { ServerCounters } from "../../channel/worker-messages.js";
import { signalWhenOver } from "../../lib/late-timer.js";
import { closeFd } from "../../linux/fd.js";
import { openSocketPair } from "../../linux/socket-pair.js";
import type { Slot } from "../../model/event.js";
import type { Generation } from "../../model/generation-state.js";
import type { State } from "../../model/state.js";
import type { WorkerChannels } from "../../process/worker-channels.js";
import { askProbe, type Purpose } from "./probe-request.js";

/** The name of the one that a generation is asked at; undefined where it has none. */
export function firstListener({ listeners: [first] }: Generation, state: State): string | undefined {
  return state.listeners.find(({ id }) => id === first)?.name;
}

/** Asks a native worker on a connection that no client has: the status, or what came instead. */
export async function askWorker(
  slot: Slot,
  listener: string,
  path: string,
  timeoutMs: number,
  channels: WorkerChannels,
  purpose: Purpose = "verify",
): Promise<number | string> {
  const signal = signalWhenOver(timeoutMs);
  const report = await channels.ask(slot, { type: "query" }, [], timeoutMs);
  if (report?.message.type !== "report") return "nothing in time";
  const fd = sendProbe(slot, listener, channels);
  if (fd === undefined) return "the end of its channel";
  return askProbe(fd, protocolOf(report.message.servers, listener), path, signal, purpose);
}

/** A server that can speak HTTP/2 may refuse all else. */
function protocolOf(servers: readonly ServerCounters[], listener: string): "http/1.1" | "http/2" {
  const speaksHttp2 = servers.some((server) => server.listener === listener && server.kind === "http2");
  return speaksHttp2 ? "http/2" : "http/1.1";
}

/** An end of a connection of which the worker has the other one; undefined when it has become a plain worker. */
function sendProbe(slot: Slot, listener: string, channels: WorkerChannels): number | undefined {
  const [own, theirs] = openSocketPair("stream");
  let sent = false;
  try {
    sent = channels.send(slot, { type: "probe", listener }, [theirs]);
  } finally {
    closeFd(theirs);
    if (!sent) closeFd(own);
  }
  return sent ? own : undefined;
}
