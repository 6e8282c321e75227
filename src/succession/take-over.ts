import { decodeMessage, encodeMessage } from "../channel/json.js";
import { PacketChannel } from "../channel/packet-channel.js";
import { formatDuration } from "../lib/duration.js";
import { type Failure, fail, type Result, succeed } from "../lib/failure.js";
import { version } from "../lib/version.js";
import { closeForeign } from "../linux/close-foreign.js";
import type { Watcher } from "../linux/epoll.js";
import { closeFd } from "../linux/fd.js";
import { connectSeqpacket } from "../linux/seqpacket.js";
import type { InheritedFd } from "../systemd/listen-fds.js";
import {
  predecessorMessage,
  type SuccessorMessage,
  type TakeoverFailure,
  takeoverProtocol,
} from "./messages.js";
import type { Predecessor } from "./predecessor.js";
import { ownReach } from "./reach.js";

const timeoutMs = 30_000;

/** What this daemon finds; another one refuses for reasons of its own version. */
type Found = Failure<"timeout" | "disconnected" | "takeover-version" | "out-of-fds">;

export interface TakenOver {
  readonly fds: readonly InheritedFd[];
  readonly predecessor: Predecessor;
}

/**
 * Asks the daemon that listens at `path` for everything it has. Undefined when none listens there: then there is nothing to take.
 * Fails, with the other serving on, when it refuses, when it is not understood, and when it does not answer in time.
 */
export function takeOver(
  path: string,
  name: string,
  watcher: Watcher,
): Promise<Result<TakenOver | undefined, TakeoverFailure>> {
  const fd = connectSeqpacket(path);
  if (fd === undefined) return Promise.resolve(succeed(undefined));
  return new Promise((resolve) => {
    const fds: InheritedFd[] = [];
    let gone: (() => void) | undefined;
    let ended = false;
    let settled = false;
    const end = (result: Result<TakenOver, TakeoverFailure>): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      if (!result.ok) {
        channel.close();
        for (const taken of fds) closeFd(taken.fd);
      }
      resolve(result);
    };
    const explain = (why: string): string => `cannot take over from the daemon at ${path}: ${why}`;
    const refuse = (reason: Found["reason"], why: string): void => end(fail(reason, explain(why)));
    const timer = setTimeout(
      () => refuse("timeout", `it has not answered within ${formatDuration(timeoutMs)}`),
      timeoutMs,
    );
    const send = (message: SuccessorMessage): void => void channel.send(encodeMessage(message));
    const channel = new PacketChannel({
      fd,
      watcher,
      onPacket: ({ bytes, fds: received }) => {
        const message = decodeMessage(predecessorMessage, bytes);
        if (!message.ok) {
          received.forEach(closeForeign);
          return refuse("takeover-version", message.failure.message);
        }
        const said = message.value;
        if (said.type !== "fds") received.forEach(closeForeign);
        switch (said.type) {
          case "refused":
            return end(fail(said.reason, explain(`it refused: ${said.message}`)));
          case "fds":
            for (const [index, one] of received.entries())
              fds.push({ fd: one, name: said.names[index] ?? "unknown" });
            if (received.length === said.names.length) return;
            return refuse(
              "out-of-fds",
              `${received.length} of ${said.names.length} fds came; raise LimitNOFILE=`,
            );
          case "given":
            return end(succeed({ fds, predecessor: predecessorAt(said.keepsWorkers) }));
          default:
            return said satisfies never;
        }
      },
      onClose: (why) => {
        ended = true;
        refuse("disconnected", why);
        gone?.();
      },
    });
    const predecessorAt = (keepsWorkers: boolean): Predecessor => ({
      keepsWorkers,
      ready: () => send({ type: "ready" }),
      replaced: () => send({ type: "committed" }),
      signal: ({ generation, index }, signal) => send({ type: "signal", generation, index, signal }),
      onGone: (told) => {
        gone = told;
        if (ended) told();
      },
    });
    send({ type: "take", protocol: takeoverProtocol, name, version, ...ownReach() });
  });
}
