import { decodeMessage, encodeMessage } from "../channel/json.js";
import { PacketChannel } from "../channel/packet-channel.js";
import { type Failure, messageOf, type Result, succeed } from "../lib/failure.js";
import { closeForeign } from "../linux/close-foreign.js";
import type { Watcher } from "../linux/epoll.js";
import { closeFd } from "../linux/fd.js";
import { acceptSeqpacket, listenSeqpacket, type SeqpacketFailure } from "../linux/seqpacket.js";
import { peerCredentials } from "../linux/socket.js";
import type { InheritedFd } from "../systemd/listen-fds.js";
import {
  fdsPerPacket,
  type PredecessorMessage,
  type SuccessorMessage,
  successorMessage,
  type TakeoverFailure,
  takeoverProtocol,
} from "./messages.js";
import { canKeepWorkers, ownReach } from "./reach.js";

/** How long whoever connects may take to say what it wants. */
const patienceMs = 5_000;
const successorLimit = 4;

/** A daemon that wants to take this one's place. */
export interface Successor {
  /** For people. */
  readonly who: string;
  readonly keepsWorkers: boolean;
  refuse(failure: TakeoverFailure): void;
  /** Sends copies; this process keeps its own until it knows how it ends. */
  give(fds: readonly InheritedFd[]): void;
  /** What it says next; undefined when it is gone. */
  next(): Promise<SuccessorMessage | undefined>;
}

export interface TakeoverSocketOptions {
  readonly path: string;
  readonly name: string;
  /** Besides root the only user who may ask. */
  readonly serviceUid: number;
  readonly watcher: Watcher;
  readonly warn: (message: string) => void;
}

/** Where another daemon asks for everything this one has: the way over for those that no service manager brings together. */
export class TakeoverSocket {
  readonly #options: TakeoverSocketOptions;
  readonly #fd: number;
  readonly #waiting = new Set<PacketChannel>();
  #onSuccessor: ((successor: Successor) => void) | undefined;

  private constructor(fd: number, options: TakeoverSocketOptions) {
    this.#fd = fd;
    this.#options = options;
  }

  /** Whoever comes from here on waits until `listen` is called. */
  static open(options: TakeoverSocketOptions): Result<TakeoverSocket, SeqpacketFailure> {
    const listening = listenSeqpacket(options.path);
    return listening.ok ? succeed(new TakeoverSocket(listening.value, options)) : listening;
  }

  listen(onSuccessor: (successor: Successor) => void): void {
    this.#onSuccessor = onSuccessor;
    this.#options.watcher.watch(this.#fd, () => this.#accept());
  }

  close(): void {
    if (this.#onSuccessor !== undefined) this.#options.watcher.unwatch(this.#fd);
    closeFd(this.#fd);
    for (const channel of this.#waiting) channel.close();
  }

  #accept(): void {
    const fd = acceptSeqpacket(this.#fd);
    if (fd === undefined) return;
    const { uid, pid } = peerCredentials(fd);
    if ((uid !== 0 && uid !== this.#options.serviceUid) || this.#waiting.size >= successorLimit) {
      this.#options.warn(`process ${pid} of user ${uid} may not take this service over, and was turned away`);
      closeFd(fd);
      return;
    }
    this.#hear(fd, pid);
  }

  #hear(fd: number, pid: number): void {
    const { watcher, warn } = this.#options;
    const heard: (SuccessorMessage | undefined)[] = [];
    let wanted: ((message: SuccessorMessage | undefined) => void) | undefined;
    let first = true;
    const timer = setTimeout(() => channel.drop("it did not say what it wants"), patienceMs);
    const take = (message: SuccessorMessage | undefined): void => {
      const resolve = wanted;
      wanted = undefined;
      if (resolve === undefined) heard.push(message);
      else resolve(message);
    };
    const channel = new PacketChannel({
      fd,
      watcher,
      onPacket: ({ bytes, fds }) => {
        fds.forEach(closeForeign);
        const message = decodeMessage(successorMessage, bytes);
        if (!message.ok) return channel.drop(message.failure.message);
        if (!first) return take(message.value);
        first = false;
        clearTimeout(timer);
        this.#waiting.delete(channel);
        this.#introduce(message.value, pid, channel, () => {
          if (heard.length > 0) return Promise.resolve(heard.shift());
          return new Promise((resolve) => {
            wanted = resolve;
          });
        });
      },
      onClose: (why) => {
        clearTimeout(timer);
        this.#waiting.delete(channel);
        if (first) warn(`process ${pid} asked for nothing at the takeover socket: ${why}`);
        else take(undefined);
      },
    });
    this.#waiting.add(channel);
  }

  #introduce(asked: SuccessorMessage, pid: number, channel: PacketChannel, next: Successor["next"]): void {
    const send = (message: PredecessorMessage, fds: readonly number[] = []): void => {
      channel.send(encodeMessage(message), fds);
    };
    const refuse = ({ reason, message }: TakeoverFailure): void => {
      this.#options.warn(`takeover by process ${pid} refused: ${message}`);
      send({ type: "refused", reason, message });
      channel.endSending();
    };
    const obstacle = this.#obstacleTo(asked);
    if (asked.type !== "take" || obstacle !== undefined) {
      refuse(obstacle ?? { reason: "bad-message", message: "it did not begin with `take`" });
      return;
    }
    const keepsWorkers = canKeepWorkers(ownReach(), asked);
    this.#onSuccessor?.({
      who: `holdfastd ${asked.version} (pid ${pid})`,
      keepsWorkers,
      refuse,
      give: (fds) => {
        try {
          for (let at = 0; at < fds.length; at += fdsPerPacket) {
            const some = fds.slice(at, at + fdsPerPacket);
            send(
              { type: "fds", names: some.map(({ name }) => name) },
              some.map(({ fd }) => fd),
            );
          }
          send({ type: "given", keepsWorkers });
        } catch (error) {
          channel.drop(messageOf(error));
        }
      },
      next,
    });
  }

  #obstacleTo(asked: SuccessorMessage): Failure<"takeover-version" | "takeover-name"> | undefined {
    if (asked.type !== "take") return undefined;
    const { protocol, name, version } = asked;
    if (protocol !== takeoverProtocol) {
      const message = `holdfastd ${version} speaks version ${protocol} of the takeover, and this one ${takeoverProtocol}`;
      return { reason: "takeover-version", message };
    }
    if (name === this.#options.name) return undefined;
    return { reason: "takeover-name", message: `this is the service ${this.#options.name}, not ${name}` };
  }
}
