import { decodeMessage, encodeMessage } from "../channel/json.js";
import { PacketChannel } from "../channel/packet-channel.js";
import {
  type AcceptLimitOrder,
  type DaemonMessage,
  peersLimit,
  type WorkerMessage,
  workerMessage,
} from "../channel/worker-messages.js";
import { closeForeign } from "../linux/close-foreign.js";
import type { Watcher } from "../linux/epoll.js";
import { closeFd } from "../linux/fd.js";
import { peerCredentials } from "../linux/socket.js";
import { openSocketPair } from "../linux/socket-pair.js";
import type { Slot, SlotProcess } from "../model/event.js";
import type { Worker } from "../model/generation-state.js";
import { nameWorker } from "../model/turn.js";
import { type Answer, type Question, Questions } from "./questions.js";

/** What is known of a worker whose hello an earlier daemon has heard. */
type Spoken = Pick<Worker, "native" | "protocol">;

interface Tracked {
  readonly slot: Slot;
  readonly fd: number;
  readonly channel: PacketChannel;
  /** It said `hello`: a native worker. */
  native: boolean;
  /** What it speaks: 0 before its hello. */
  protocol: number;
  /** It has said its last word: its process is about to end, and its channel with it. */
  saidGoodbye: boolean;
}

export interface WorkerChannelsOptions {
  readonly watcher: Watcher;
  readonly storeChannel: (slot: Slot, fd: number) => void;
  readonly removeChannel: (slot: Slot) => void;
  /** The worker that a process is or descends from. */
  readonly ownerOf: (pid: number) => { readonly slot: Slot } | undefined;
  readonly onMessage: (slot: Slot, message: WorkerMessage) => void;
  /** A native worker is a plain one from now on: it has died, or its channel was dropped. */
  readonly onLost: (slot: Slot, why: string) => void;
}

/** Of a worker that lives: one that talks without end must not hold up the loop. */
const mostHeard = 64;

/** The channels with the workers. Whoever never says a word on its channel is a plain worker. */
export class WorkerChannels {
  readonly #channels = new Map<string, Tracked>();
  readonly #questions = new Questions();
  readonly #options: WorkerChannelsOptions;

  constructor(options: WorkerChannelsOptions) {
    this.#options = options;
  }

  /** A channel for a worker about to be started; returns the worker's end, the caller's to close after the start. */
  open(slot: Slot): number {
    const [own, theirs] = openSocketPair("seqpacket");
    try {
      this.adopt(slot, own);
    } catch (error) {
      closeFd(theirs);
      throw error;
    }
    return theirs;
  }

  /**
   * A channel of an earlier daemon; it is closed where it cannot be kept. Whether the worker is native is in the messages it has sent, or
   * in the state.
   */
  adopt(slot: Slot, fd: number, spoken: Spoken = { native: false, protocol: 0 }): void {
    this.forget(slot);
    try {
      this.#options.storeChannel(slot, fd);
      this.#watch(slot, fd, spoken);
    } catch (error) {
      this.#options.removeChannel(slot);
      closeFd(fd);
      throw error;
    }
  }

  #watch(slot: Slot, fd: number, { native, protocol }: Spoken): void {
    const name = nameWorker(slot);
    const channel = new PacketChannel({
      fd,
      watcher: this.#options.watcher,
      keepUntilTaken: true,
      onPacket: ({ bytes, fds }) => {
        const message = decodeMessage(workerMessage, bytes);
        if (!message.ok) {
          fds.forEach(closeForeign);
          channel.drop(message.failure.message);
          return;
        }
        if (message.value.type === "hello") {
          tracked.native = true;
          tracked.protocol = message.value.protocol;
        }
        if (message.value.type === "report" && message.value.query === 0) tracked.saidGoodbye = true;
        this.#deliver(slot, message.value, fds);
      },
      onClose: (why) => {
        if (this.#channels.get(name) !== tracked) return;
        this.#channels.delete(name);
        this.#options.removeChannel(slot);
        this.#questions.giveUp(slot);
        if (tracked.native && !tracked.saidGoodbye) this.#options.onLost(slot, why);
      },
    });
    const tracked: Tracked = { slot, fd, channel, native, protocol, saidGoodbye: false };
    this.#channels.set(name, tracked);
  }

  #deliver(slot: Slot, message: WorkerMessage, fds: readonly number[]): void {
    const asker = this.#questions.askerOf(slot, message);
    const taken = asker?.takesFds === true;
    if (!taken) fds.forEach(closeForeign);
    // In the order in which they were said; whoever has asked hears of it only later.
    if (message.type === "report" || asker === undefined) this.#options.onMessage(slot, message);
    if (asker !== undefined && "query" in message) asker.answer({ message, fds: taken ? fds : [] });
  }

  isNative(slot: Slot): boolean {
    return this.#channels.get(nameWorker(slot))?.native ?? false;
  }

  /** Whether another process than the one that has made `channel` speaks for the worker, or is just about to. */
  isTaken(slot: Slot, channel: number): boolean {
    const tracked = this.#channels.get(nameWorker(slot));
    if (tracked === undefined) return false;
    const maker = this.#makerOf(tracked);
    return tracked.native || (maker !== undefined && maker !== peerCredentials(channel).pid);
  }

  /** Whether it understands what came with that version of the worker protocol. */
  speaks(slot: Slot, version: number): boolean {
    return (this.#channels.get(nameWorker(slot))?.protocol ?? 0) >= version;
  }

  /** False for a plain worker, to which nothing can be sent. */
  send(slot: Slot, message: DaemonMessage, fds: readonly number[] = []): boolean {
    const tracked = this.#channels.get(nameWorker(slot));
    if (tracked === undefined || !tracked.native) return false;
    tracked.channel.send(encodeMessage(message), fds);
    return true;
  }

  /** Lets a worker accept, as many as `accept` says, once those of `after` that hand over to it have let go of their state. */
  activate(
    slot: SlotProcess,
    all: readonly SlotProcess[],
    after: readonly SlotProcess[],
    accept?: AcceptLimitOrder,
  ): void {
    const before = after.filter((one) => this.isNative(one) && this.#peersOf(one, all).includes(slot));
    this.send(slot, {
      type: "activate",
      after: before.map(nameWorker),
      ...(accept === undefined ? {} : { accept }),
    });
  }

  /** Asks a native worker and waits for its answer; undefined for a plain one, for one that says nothing in time, and for one that is lost. */
  ask(
    slot: Slot,
    question: Question,
    fds: readonly number[],
    timeoutMs: number,
  ): Promise<Answer | undefined> {
    return this.#questions.ask(slot, question, timeoutMs, {
      send: (message) => this.send(slot, message, fds),
      hear: () => this.#channels.get(nameWorker(slot))?.channel.receiveAll(mostHeard),
    });
  }

  #peersOf(from: Slot, to: readonly SlotProcess[]): readonly SlotProcess[] {
    return choosePeers(
      from,
      to.filter((slot) => this.isNative(slot)),
    );
  }

  /** Makes a native worker hand its connections to native ones of `to`, and end. False for a plain worker. */
  drain(from: SlotProcess, to: readonly SlotProcess[], exclusive: boolean, withinMs: number): boolean {
    if (!this.isNative(from)) return false;
    const peers = this.#peersOf(from, to);
    const named = peers.map((peer) => this.#identify(peer));
    const ends: number[] = [];
    try {
      for (const peer of peers) ends.push(this.#openPeer(from, peer));
      this.send(from, { type: "drain", to: named, exclusive, withinMs }, ends);
    } finally {
      ends.forEach(closeFd);
    }
    return true;
  }

  /** What the one worker hands over to the other goes in where the returned fd is. */
  #openPeer(from: SlotProcess, peer: SlotProcess): number {
    const [sending, receiving] = openSocketPair("seqpacket");
    try {
      this.send(peer, { type: "receive", from: this.#identify(from) }, [receiving]);
      return sending;
    } catch (error) {
      closeFd(sending);
      throw error;
    } finally {
      closeFd(receiving);
    }
  }

  /** By the process that holds the connections: where that is not the worker's own (a shell's, npm's child), it has made the channel. */
  #identify(slot: SlotProcess): { readonly name: string; readonly pid: number } {
    const name = nameWorker(slot);
    const tracked = this.#channels.get(name);
    const maker = tracked === undefined ? undefined : this.#makerOf(tracked);
    return { name, pid: maker ?? slot.process.pid };
  }

  /** The process of the worker that has made the channel, as the kernel knows it; undefined where the daemon has made it. */
  #makerOf({ slot, fd }: Tracked): number | undefined {
    const { pid } = peerCredentials(fd);
    const owner = pid > 0 ? this.#options.ownerOf(pid)?.slot : undefined;
    return owner !== undefined && nameWorker(owner) === nameWorker(slot) ? pid : undefined;
  }

  /** Takes what a worker that has ended still had to say. */
  hearOut(slot: Slot): void {
    this.#channels.get(nameWorker(slot))?.channel.receiveAll();
  }

  /** Takes what all of them have said so far. */
  hearAll(): void {
    for (const { channel } of [...this.#channels.values()]) channel.receiveAll(mostHeard);
  }

  /** Lets go of all of them; the workers do not notice, as long as another copy of each end is kept. */
  release(): void {
    for (const { channel } of this.#channels.values()) channel.close();
    this.#channels.clear();
  }

  forget(slot: Slot): void {
    const name = nameWorker(slot);
    const tracked = this.#channels.get(name);
    if (tracked === undefined) return;
    this.#channels.delete(name);
    this.#options.removeChannel(slot);
    this.#questions.giveUp(slot);
    tracked.channel.close();
  }
}

/** So that several old workers spread over all new ones. */
function choosePeers(from: Slot, to: readonly SlotProcess[]): readonly SlotProcess[] {
  const turned = to.map((_, position) => to[(position + from.index) % to.length]);
  return turned.filter((peer) => peer !== undefined).slice(0, peersLimit);
}
