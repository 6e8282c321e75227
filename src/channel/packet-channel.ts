import { constants } from "node:os";
import { HoldfastError, messageOf } from "../lib/failure.js";
import { closeForeign } from "../linux/close-foreign.js";
import type { Watcher } from "../linux/epoll.js";
import { closeFd, duplicateFd } from "../linux/fd.js";
import { type Message, maxMessageBytes, receiveMessage, sendMessage } from "../linux/message.js";
import { endSending } from "../linux/socket-calls.js";

export interface Packet {
  readonly bytes: Buffer;
  /** Close-on-exec, now the receiver's. Fewer than were sent when this process is out of fds: count them. */
  readonly fds: readonly number[];
}

export interface PacketChannelOptions {
  /** An end of a SEQPACKET pair; the channel's from now on. */
  readonly fd: number;
  readonly watcher: Watcher;
  /** A packet leaves the queue only after `onPacket` has returned: whoever inherits this end gets what died with it. */
  readonly keepUntilTaken?: boolean;
  readonly onPacket: (packet: Packet) => void;
  /** Once: the peer is gone or has been dropped; all that it had sent has been delivered before. */
  readonly onClose: (why: string) => void;
}

const retryMs = 1;

/** Packets with fds between two processes, in order, each whole. One that finds the peer's queue full waits here. */
export class PacketChannel {
  readonly #options: PacketChannelOptions;
  readonly #waiting: Packet[] = [];
  #retry: NodeJS.Timeout | undefined;
  /** Set once the last word has been said. */
  #onFinished: (() => void) | undefined;
  #closed = false;

  constructor(options: PacketChannelOptions) {
    this.#options = options;
    // One packet a turn: it may bring fifty connections, and a peer that never stops sending must not stop the loop.
    options.watcher.watch(options.fd, () => this.#receiveOne());
  }

  /**
   * Sends copies of the fds; the caller may close its own at once. False when it is known that nobody will read it: the
   * peer is gone, the channel closed, or the packet one that the kernel never takes. Throws, with nothing sent, when the
   * packet has to wait and there are no fds left to copy its own to.
   */
  send(bytes: Buffer, fds: readonly number[] = []): boolean {
    if (this.#closed || this.#onFinished !== undefined) return false;
    const sent = this.#waiting.length === 0 ? trySend(this.#options.fd, { bytes, fds }) : "full";
    if (sent !== "full") return sent === "sent";
    this.#waiting.push({ bytes, fds: duplicateAll(fds) });
    this.#retry ??= setTimeout(() => this.#flush(), retryMs);
    return true;
  }

  /** Takes what has arrived, now: all of it, if the peer has ended; of one that lives and may never end, so many packets at most. */
  receiveAll(most = Number.POSITIVE_INFINITY): void {
    for (let taken = 0; taken < most && this.#receiveOne(); taken += 1);
  }

  /** Ends the channel from this side; what waits is not sent. `onClose` is not called. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#dropWaiting();
    if (this.#onFinished === undefined) this.#options.watcher.unwatch(this.#options.fd);
    closeFd(this.#options.fd);
  }

  /**
   * Hears nothing any more, says a last word, and closes once that and all before it is in the peer's queue, or the peer
   * gone; then calls back, perhaps before it returns. `onClose` is not called.
   */
  finish(lastWord: Buffer, onFinished: () => void): void {
    if (this.#closed || this.#onFinished !== undefined) return;
    this.send(lastWord);
    this.#options.watcher.unwatch(this.#options.fd);
    this.#onFinished = onFinished;
    if (this.#waiting.length === 0) this.#endFinished();
  }

  /** Says nothing any more: the peer reads the end, and what it had sent until then still arrives here. */
  endSending(): void {
    if (this.#closed) return;
    this.#dropWaiting();
    endSending(this.#options.fd);
  }

  /** Ends the channel because of what the peer did. */
  drop(why: string): void {
    if (this.#closed) return;
    this.close();
    this.#options.onClose(why);
  }

  #endFinished(): void {
    this.close();
    this.#onFinished?.();
  }

  #dropWaiting(): void {
    clearTimeout(this.#retry);
    for (const { fds } of this.#waiting.splice(0)) fds.forEach(closeFd);
  }

  #flush(): void {
    this.#retry = undefined;
    for (let packet = this.#waiting[0]; packet !== undefined; packet = this.#waiting[0]) {
      // A peer that is gone is noticed by reading, after everything it had sent.
      if (trySend(this.#options.fd, packet) === "full") {
        this.#retry = setTimeout(() => this.#flush(), retryMs);
        return;
      }
      this.#waiting.shift();
      packet.fds.forEach(closeFd);
    }
    if (this.#onFinished !== undefined) this.#endFinished();
  }

  /** False when there was nothing. */
  #receiveOne(): boolean {
    const packet = this.#closed || this.#onFinished !== undefined ? undefined : this.#next();
    if (packet === undefined) return false;
    this.#options.onPacket(packet);
    if (this.#options.keepUntilTaken && !this.#closed) this.#takeOff();
    return true;
  }

  /** The packet that was looked at leaves the queue, also if the peer has died meanwhile. */
  #takeOff(): void {
    for (const fd of this.#read(false)?.fds ?? []) closeForeign(fd);
  }

  /** ECONNRESET is the first word of a peer that died with unread packets; what it had sent comes after it. */
  #read(peek: boolean): Message | undefined {
    try {
      return receiveMessage(this.#options.fd, { peek });
    } catch (error) {
      if (error instanceof HoldfastError && error.code === "ECONNRESET") return this.#read(peek);
      throw error;
    }
  }

  #next(): Packet | undefined {
    try {
      const message = this.#read(this.#options.keepUntilTaken ?? false);
      if (message === undefined) return undefined;
      const { bytes, fds, cutShort } = message;
      if (bytes.length > 0 && !cutShort) return { bytes, fds };
      fds.forEach(closeForeign);
      this.drop(cutShort ? `it sent a packet of over ${maxMessageBytes} bytes` : "the peer is gone");
      return undefined;
    } catch (error) {
      this.drop(messageOf(error));
      return undefined;
    }
  }
}

function duplicateAll(fds: readonly number[]): readonly number[] {
  const copies: number[] = [];
  try {
    for (const fd of fds) copies.push(duplicateFd(fd));
    return copies;
  } catch (error) {
    copies.forEach(closeFd);
    throw error;
  }
}

function trySend(fd: number, { bytes, fds }: Packet): "sent" | "full" | "gone" {
  const result = sendMessage(fd, bytes, fds);
  if (result >= 0) return "sent";
  return passingCodes.has(-result) ? "full" : "gone";
}

const { EAGAIN, ENOBUFS, ENOMEM } = constants.errno;
/** Not in Node's list: too many fds are on their way, unix(7). */
const ETOOMANYREFS = 109;

/** The queue is full, or the kernel out of room: all of these pass. send(2) */
const passingCodes: ReadonlySet<number> = new Set([EAGAIN, ENOBUFS, ENOMEM, ETOOMANYREFS]);
