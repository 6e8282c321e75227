import { HoldfastError, messageOf } from "../lib/failure.js";
import type { Watcher } from "../linux/epoll.js";
import { closeFd, duplicateFd } from "../linux/fd.js";
import { maxMessageBytes, receiveMessage, sendMessage } from "../linux/message.js";

export interface Packet {
  readonly bytes: Buffer;
  /** Close-on-exec, now the receiver's. */
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

/** So that a peer which never stops sending leaves the loop time for everything else. */
const mostPerTurn = 16;
const retryMs = 1;

/**
 * Packets with fds between two processes, in order, each whole. A packet that finds the peer's queue full waits here;
 * the sender of many asks `backlog` and holds back.
 */
export class PacketChannel {
  readonly #options: PacketChannelOptions;
  readonly #waiting: Packet[] = [];
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: PacketChannelOptions) {
    this.#options = options;
    options.watcher.watch(options.fd, () => this.#receive());
  }

  /** Packets that wait for the peer to read. */
  get backlog(): number {
    return this.#waiting.length;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Sends copies of the fds; the caller may close its own at once. To a closed channel nothing is sent. */
  send(bytes: Buffer, fds: readonly number[] = []): void {
    if (this.#closed) return;
    if (this.#waiting.length === 0 && trySend(this.#options.fd, { bytes, fds }) !== "full") return;
    this.#waiting.push({ bytes, fds: fds.map(duplicateFd) });
    this.#retry ??= setTimeout(() => this.#flush(), retryMs);
  }

  /** Ends the channel from this side; what waits is not sent. `onClose` is not called. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#retry);
    for (const { fds } of this.#waiting.splice(0)) fds.forEach(closeFd);
    this.#options.watcher.unwatch(this.#options.fd);
    closeFd(this.#options.fd);
  }

  /** Ends the channel because of what the peer did. */
  drop(why: string): void {
    if (this.#closed) return;
    this.close();
    this.#options.onClose(why);
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
  }

  #receive(): void {
    for (let count = 0; count < mostPerTurn && !this.#closed; count += 1) {
      const packet = this.#next();
      if (packet === undefined) return;
      this.#options.onPacket(packet);
      if (this.#options.keepUntilTaken && !this.#closed) {
        for (const fd of receiveMessage(this.#options.fd)?.fds ?? []) closeFd(fd);
      }
    }
  }

  #next(): Packet | undefined {
    try {
      const message = receiveMessage(this.#options.fd, { peek: this.#options.keepUntilTaken ?? false });
      if (message === undefined) return undefined;
      const { bytes, fds, truncated } = message;
      if (bytes.length === 0) {
        this.drop("the peer is gone");
        return undefined;
      }
      if (!truncated) return { bytes, fds };
      for (const fd of fds) closeFd(fd);
      this.drop(
        `a packet did not arrive whole (over ${maxMessageBytes} bytes, or this process is out of fds)`,
      );
      return undefined;
    } catch (error) {
      // The first word of a peer that died with unread packets; what it had sent comes after it.
      if (error instanceof HoldfastError && error.code === "ECONNRESET") return this.#next();
      this.drop(messageOf(error));
      return undefined;
    }
  }
}

function trySend(fd: number, { bytes, fds }: Packet): "sent" | "full" | "gone" {
  const result = sendMessage(fd, bytes, fds);
  if (result >= 0) return "sent";
  const code = fullCodes.has(-result);
  return code ? "full" : "gone";
}

/** EAGAIN: the queue is full; ETOOMANYREFS: too many fds are on their way (unix(7)). Both pass. */
const fullCodes = new Set([11, 109]);
