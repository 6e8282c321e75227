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
  #lost = false;

  constructor({ fd, watcher, library, onMessage, onLost }: DaemonLinkOptions) {
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

  send(message: WorkerMessage, fds: readonly number[] = []): void {
    this.#channel.send(encodeMessage(message), fds);
  }
}
