import { decodeMessage, encodeMessage } from "../../channel/json.js";
import { type Packet, PacketChannel } from "../../channel/packet-channel.js";
import { type Item, type ReceiverMessage, senderMessage } from "../../channel/peer-messages.js";
import type { StateEntry } from "../../channel/worker-messages.js";
import type { Watcher } from "../../linux/epoll.js";
import { closeFd } from "../../linux/fd.js";
import { isStreamSocket } from "../../linux/socket.js";
import type { Frozen } from "../carriers/carrier.js";
import type { Served } from "../carriers/served-carrier.js";
import { unpackBytes } from "./bytes.js";
import type { Peer } from "./peer.js";

export interface ReceiverOptions {
  readonly served: () => readonly Served[];
  readonly peer: Peer;
  readonly watcher: Watcher;
  /** The old worker's state; the fd is closed after the call. */
  readonly onState: (entries: readonly StateEntry[], fd: number | undefined) => void;
  /** Nothing more will come: it said so, or its process has ended. One that is alive may still change its state. */
  readonly onEnd: () => void;
  /** This hand-over is over, however: nothing of it is held any more. May be called more than once. */
  readonly onClosed: () => void;
  readonly report: (problem: string) => void;
}

interface Held {
  readonly served: Served;
  readonly frozen: Frozen;
}

/**
 * Takes the connections that one old worker sends. Until `go` it only holds them: the old worker may still take them
 * back. If the old worker dies before `go`, it reads from nothing any more, and they are taken.
 */
export class HandOverReceiver {
  readonly #options: ReceiverOptions;
  readonly #channel: PacketChannel;
  readonly #held = new Map<number, readonly Held[]>();
  /** Why nothing more is taken from it. */
  #refusal: string | undefined;
  #retired = false;

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#channel = new PacketChannel({
      fd: options.peer.fd,
      watcher: options.watcher,
      onPacket: (packet) => this.#receive(packet),
      onClose: (why) => this.#lose(why),
    });
  }

  /** This worker ends: it takes nothing more, and waits only for what it has acknowledged. */
  retire(): void {
    this.#retired = true;
    this.#refuse("this worker ends itself");
  }

  #receive({ bytes, fds }: Packet): void {
    const message = decodeMessage(senderMessage, bytes);
    if (!message.ok) {
      fds.forEach(closeFd);
      this.#refuse(message.failure.message);
      return;
    }
    const { type } = message.value;
    if (this.#refusal !== undefined && type !== "go" && type !== "end") {
      fds.forEach(closeFd);
      return;
    }
    if (message.value.type === "prepare") {
      this.#prepare(message.value.batch, message.value.items, fds);
      return;
    }
    switch (message.value.type) {
      case "state":
        this.#options.onState(message.value.entries, fds[0]);
        break;
      case "go":
        this.#go(message.value.batch);
        break;
      case "end":
        this.#end();
        break;
      default:
        message.value satisfies never;
    }
    fds.forEach(closeFd);
  }

  #prepare(batch: number, items: readonly Item[], fds: readonly number[]): void {
    const total = items.reduce((sum, { inputBytes, outputBytes }) => sum + inputBytes + outputBytes, 0);
    const wanted = items.length + (total > 0 ? 1 : 0);
    const bytes = fds.length === wanted ? unpackBytes(fds[items.length], total) : undefined;
    if (bytes === undefined || this.#held.has(batch)) {
      fds.forEach(closeFd);
      this.#refuse(
        `batch ${batch} of ${items.length} connections and ${total} bytes came with ${fds.length} fds`,
      );
      return;
    }
    for (const fd of fds.slice(items.length)) closeFd(fd);
    const held: Held[] = [];
    const refused: number[] = [];
    let at = 0;
    items.forEach((item, position) => {
      const fd = fds[position];
      const input = bytes.subarray(at, at + item.inputBytes);
      const output = bytes.subarray(at + item.inputBytes, at + item.inputBytes + item.outputBytes);
      at += item.inputBytes + item.outputBytes;
      if (fd === undefined) return;
      const served = this.#find(item);
      if (served === undefined || !isStreamSocket(fd)) {
        refused.push(position);
        closeFd(fd);
      } else {
        held.push({ served, frozen: { fd, meta: item.meta, input, output } });
      }
    });
    this.#held.set(batch, held);
    const answer: ReceiverMessage = { type: "received", batch, refused };
    this.#channel.send(encodeMessage(answer));
  }

  #find({ kind, listener }: Item): Served | undefined {
    return this.#options.served().find((one) => one.listener === listener && one.carrier.kind === kind);
  }

  #go(batch: number): void {
    const held = this.#held.get(batch);
    if (held === undefined) {
      this.#refuse(`it said go for batch ${batch}, which it did not send`);
      return;
    }
    this.#held.delete(batch);
    this.#adopt(held);
    if (this.#refusal !== undefined && this.#held.size === 0) this.#channel.drop(this.#refusal);
  }

  /** Takes no more from it. What was acknowledged it may have let go of already: its `go` still counts. */
  #refuse(why: string): void {
    this.#refusal ??= why;
    if (this.#held.size === 0) this.#channel.drop(this.#refusal);
    else this.#channel.endSending();
  }

  #adopt(held: readonly Held[]): void {
    for (const { served, frozen } of held) {
      try {
        served.carrier.adopt(frozen);
      } catch (error) {
        this.#options.report(`a connection of ${served.listener} was closed: ${String(error)}`);
      }
    }
  }

  /** What it has said no `go` for it has taken back. */
  #end(): void {
    this.#channel.close();
    for (const { frozen } of [...this.#held.values()].flat()) closeFd(frozen.fd);
    this.#held.clear();
    this.#options.peer.release();
    this.#options.onEnd();
    this.#options.onClosed();
  }

  #lose(why: string): void {
    const { peer, report, onEnd, onClosed } = this.#options;
    const held = [...this.#held.values()].flat();
    this.#held.clear();
    if (!this.#retired) report(`the hand-over from worker ${peer.name} broke off: ${this.#refusal ?? why}`);
    if (held.length === 0) onClosed();
    peer.learnFate((ended) => {
      if (ended) this.#adopt(held.splice(0));
      else for (const { frozen } of held.splice(0)) closeFd(frozen.fd);
      onClosed();
      if (!ended) return;
      peer.release();
      onEnd();
    });
  }
}
