import { decodeMessage, encodeMessage } from "../channel/json.js";
import { PacketChannel } from "../channel/packet-channel.js";
import {
  type DaemonMessage,
  peersLimit,
  type WorkerMessage,
  workerMessage,
} from "../channel/worker-messages.js";
import type { Watcher } from "../linux/epoll.js";
import { closeFd } from "../linux/fd.js";
import { openSocketPair } from "../linux/socket-pair.js";
import type { Slot, SlotProcess } from "../model/event.js";
import { nameWorker } from "../model/turn.js";

interface Tracked {
  readonly slot: Slot;
  readonly channel: PacketChannel;
  /** It said `hello`: a native worker. */
  native: boolean;
}

export interface WorkerChannelsOptions {
  readonly watcher: Watcher;
  readonly storeChannel: (slot: Slot, fd: number) => void;
  readonly removeChannel: (slot: Slot) => void;
  readonly onMessage: (slot: Slot, message: WorkerMessage) => void;
  /** The worker is a plain one from now on. */
  readonly onLost: (slot: Slot, why: string) => void;
}

/** The channels with the workers. Whoever never says a word on its channel is a plain worker. */
export class WorkerChannels {
  readonly #channels = new Map<string, Tracked>();
  readonly #options: WorkerChannelsOptions;

  constructor(options: WorkerChannelsOptions) {
    this.#options = options;
  }

  /** A channel for a worker about to be started; returns the worker's end, the caller's to close after the start. */
  open(slot: Slot): number {
    const [own, theirs] = openSocketPair("seqpacket");
    this.adopt(slot, own);
    return theirs;
  }

  /** A channel of an earlier daemon. Whether the worker is native is in the messages it has sent, or in the state. */
  adopt(slot: Slot, fd: number, native = false): void {
    const name = nameWorker(slot);
    this.forget(slot);
    this.#options.storeChannel(slot, fd);
    const channel = new PacketChannel({
      fd,
      watcher: this.#options.watcher,
      onPacket: ({ bytes, fds }) => {
        fds.forEach(closeFd);
        const message = decodeMessage(workerMessage, bytes);
        if (!message.ok) return channel.drop(message.failure.message);
        if (message.value.type === "hello") tracked.native = true;
        this.#options.onMessage(slot, message.value);
      },
      onClose: (why) => {
        if (this.#channels.get(name) !== tracked) return;
        this.#channels.delete(name);
        this.#options.removeChannel(slot);
        if (tracked.native) this.#options.onLost(slot, why);
      },
    });
    const tracked: Tracked = { slot, channel, native };
    this.#channels.set(name, tracked);
  }

  isNative(slot: Slot): boolean {
    return this.#channels.get(nameWorker(slot))?.native ?? false;
  }

  /** False for a plain worker, to which nothing can be sent. */
  send(slot: Slot, message: DaemonMessage, fds: readonly number[] = []): boolean {
    const tracked = this.#channels.get(nameWorker(slot));
    if (tracked === undefined || !tracked.native) return false;
    tracked.channel.send(encodeMessage(message), fds);
    return true;
  }

  /** Makes a native worker hand its connections to native ones of `to`, and end. False for a plain worker. */
  drain(from: SlotProcess, to: readonly SlotProcess[]): boolean {
    if (!this.isNative(from)) return false;
    const peers = choosePeers(
      from,
      to.filter((slot) => this.isNative(slot)),
    );
    const ends = peers.map((peer) => {
      const [sending, receiving] = openSocketPair("seqpacket");
      this.send(peer, { type: "receive", from: identify(from) }, [receiving]);
      closeFd(receiving);
      return sending;
    });
    this.send(from, { type: "drain", to: peers.map(identify) }, ends);
    ends.forEach(closeFd);
    return true;
  }

  forget(slot: Slot): void {
    const name = nameWorker(slot);
    const tracked = this.#channels.get(name);
    if (tracked === undefined) return;
    this.#channels.delete(name);
    this.#options.removeChannel(slot);
    tracked.channel.close();
  }
}

/** So that several old workers spread over all new ones. */
function choosePeers(from: Slot, to: readonly SlotProcess[]): readonly SlotProcess[] {
  const turned = to.map((_, position) => to[(position + from.index) % to.length]);
  return turned.filter((peer) => peer !== undefined).slice(0, peersLimit);
}

function identify(slot: SlotProcess): { readonly name: string; readonly pid: number } {
  return { name: nameWorker(slot), pid: slot.process.pid };
}
