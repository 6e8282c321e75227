import { decodeMessage, encodeMessage } from "../../channel/json.js";
import { PacketChannel } from "../../channel/packet-channel.js";
import {
  type DaemonMessage,
  daemonMessage,
  type WorkerMessage,
  workerProtocol,
} from "../../channel/worker-messages.js";
import type { Watcher } from "../../linux/epoll.js";
import { closeFd } from "../../linux/fd.js";
import { waitUntilReadable } from "../../linux/poll.js";

export interface DaemonLinkOptions {
  readonly fd: number;
  readonly watcher: Watcher;
  readonly library: string;
  /** The fds are the receiver's. */
  readonly onMessage: (message: DaemonMessage, fds: readonly number[]) => void;
  /** There is no daemon any more that knows this worker: it goes on as a plain one. */
  readonly onLost: (why: string) => void;
}

/** The worker's end of its channel with the daemon. It survives the daemon, whose end waits in the fd store. */
export class DaemonLink {
  readonly #channel: PacketChannel;
  readonly #fd: number;
  #lost = false;

  constructor({ fd, watcher, library, onMessage, onLost }: DaemonLinkOptions) {
    this.#fd = fd;
    this.#channel = new PacketChannel({
      fd,
      watcher,
      onPacket: ({ bytes, fds }) => {
        const message = decodeMessage(daemonMessage, bytes);
        if (message.ok) {
          onMessage(message.value, fds);
        } else {
          fds.forEach(closeFd);
          this.#channel.drop(message.failure.message);
        }
      },
      onClose: (why) => {
        this.#lost = true;
        onLost(why);
      },
    });
    this.send({ type: "hello", protocol: workerProtocol, library });
  }

  /** Takes all that the daemon has said up to now. False when it will not say more. */
  hear(): boolean {
    this.#channel.receiveAll();
    return !this.#lost;
  }

  /** Hears until `told` or for so long, in which the whole process stands still. False when nothing more will come, or not in time. */
  await(told: () => boolean, withinMs: number): boolean {
    const until = performance.now() + withinMs;
    while (!told()) {
      const left = until - performance.now();
      if (left <= 0 || !waitUntilReadable(this.#fd, left) || !this.hear()) return told();
    }
    return true;
  }

  send(message: WorkerMessage, fds: readonly number[] = []): void {
    this.#channel.send(encodeMessage(message), fds);
  }
}
