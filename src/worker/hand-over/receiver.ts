import { decodeMessage, encodeMessage } from "../../channel/json.js";
import { type Packet, PacketChannel } from "../../channel/packet-channel.js";
import { type Item, type ReceiverMessage, senderMessage } from "../../channel/peer-messages.js";
import type { StateEntry } from "../../channel/worker-messages.js";
import type { Watcher } from "../../linux/epoll.js";
import { closeFd } from "../../linux/fd.js";
import { isStreamSocket } from "../../linux/socket.js";
import type { ServedCarrier } from "../carriers/served-carrier.js";
import { adoptConnections, closeCopies, findServer } from "../moving-connections/adopt-connections.js";
import type { MovingConnection } from "../moving-connections/freeze-connections.js";
import { countBytes, expandRuns, unpackConnections } from "../moving-connections/pack-connections.js";
import { unpackBytes } from "./bytes.js";
import { Pace } from "./pace.js";
import type { Peer } from "./peer.js";

export interface ReceiverOptions {
  readonly served: () => readonly ServedCarrier[];
  readonly peer: Peer;
  readonly watcher: Watcher;
  /** The old worker's state; the fd is closed after the call. */
  readonly onState: (entries: readonly StateEntry[], fd: number | undefined) => void;
  /** Nothing more will come: it said so, or its process has ended. One that is alive may still change its state. */
  readonly onEnd: () => void;
  /** This hand-over is over, however: nothing of it is held any more. May be called more than once. */
  readonly onClosed: () => void;
  readonly report: (problem: string) => void;
  /** In ms. */
  readonly now?: (() => number) | undefined;
}

/**
 * Takes the connections that one old worker sends. Until `go` it only holds them: the old worker may still take them
 * back. If the old worker dies before `go`, it reads from nothing any more, and they are taken.
 */
export class HandOverReceiver {
  readonly #options: ReceiverOptions;
  readonly #channel: PacketChannel;
  readonly #held = new Map<number, readonly MovingConnection[]>();
  readonly #pace: Pace;
  /** Why nothing more is taken from it. */
  #refusal: string | undefined;
  #retired = false;

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#pace = new Pace(options.now);
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
    switch (message.value.type) {
      case "prepare":
        this.#prepare(message.value.batch, message.value.items, fds);
        return;
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

  #prepare(batch: number, runs: readonly Item[], fds: readonly number[]): void {
    const items = expandRuns(runs);
    const total = countBytes(items);
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
    const held: MovingConnection[] = [];
    const refused: number[] = [];
    const served = this.#options.served();
    unpackConnections(items, bytes, (_, position) => fds[position]).forEach((arrived, position) => {
      const { fd } = arrived.frozen;
      const connection = isStreamSocket(fd) ? findServer(served, arrived) : undefined;
      if (connection !== undefined) {
        held.push(connection);
      } else {
        refused.push(position);
        closeFd(fd);
      }
    });
    this.#held.set(batch, held);
    const answer: ReceiverMessage = { type: "received", batch, refused, most: this.#pace.most };
    this.#channel.send(encodeMessage(answer));
  }

  #go(batch: number): void {
    const held = this.#held.get(batch);
    if (held === undefined) {
      this.#refuse(`it said go for batch ${batch}, which it did not send`);
      return;
    }
    this.#held.delete(batch);
    this.#pace.time(() => adoptConnections(held, this.#options.report));
    if (this.#refusal !== undefined && this.#held.size === 0) this.#channel.drop(this.#refusal);
  }

  /** Takes no more from it. What was acknowledged it may have let go of already: its `go` still counts. */
  #refuse(why: string): void {
    this.#refusal ??= why;
    if (this.#held.size === 0) this.#channel.drop(this.#refusal);
    else this.#channel.endSending();
  }

  /** What it has said no `go` for it has taken back. */
  #end(): void {
    this.#channel.close();
    closeCopies([...this.#held.values()].flat());
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
      if (ended) adoptConnections(held.splice(0), report);
      else closeCopies(held.splice(0));
      onClosed();
      if (!ended) return;
      peer.release();
      onEnd();
    });
  }
}
