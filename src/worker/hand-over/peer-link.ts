import { decodeMessage, encodeMessage } from "../../channel/json.js";
import { type Packet, PacketChannel } from "../../channel/packet-channel.js";
import { batchLimit, receiverMessage, type SenderMessage, untoldLimit } from "../../channel/peer-messages.js";
import type { StateEntry } from "../../channel/worker-messages.js";
import type { Watcher } from "../../linux/epoll.js";
import { closeFd } from "../../linux/fd.js";
import { maxMessageBytes } from "../../linux/message.js";
import { closeCopies } from "../moving-connections/adopt-connections.js";
import type { MovingConnection } from "../moving-connections/freeze-connections.js";
import { describeConnection, describeRuns, joinBytes } from "../moving-connections/pack-connections.js";
import { packBytes } from "./bytes.js";
import { Pace } from "./pace.js";
import type { Peer } from "./peer.js";

/** Whether it is dead need not be known: what it has not been told `go` for it does not read from. */
export type Destination = Pick<Peer, "name" | "fd">;

/**
 * A receiver answers as soon as its loop turns. One that does not, although it may answer its daemon, gets nothing more
 * and has to do without what it was sent.
 */
export const acknowledgeWithinMs = 5_000;

export interface PeerLinkOptions {
  readonly peer: Destination;
  readonly watcher: Watcher;
  /** In ms. */
  readonly now?: (() => number) | undefined;
  /** A batch was taken but for these, which stay here. */
  readonly onAcknowledged: (refused: readonly MovingConnection[]) => void;
  /**
   * Once: nothing more can go to it. What it has not been told `go` for is the sender's again, and the peer does not
   * read from it. `alive`: it broke the rules or gave no answer; else it is gone, as far as its channel tells.
   */
  readonly onLost: (connections: readonly MovingConnection[], why: string, alive: boolean) => void;
}

interface Batch {
  readonly connections: readonly MovingConnection[];
  readonly overdue: NodeJS.Timeout;
}

/** The old worker's side of its channel with one new worker: what is on its way there, until that has taken it. */
export class PeerLink {
  /** Of this worker. */
  readonly pace: Pace;
  readonly #options: PeerLinkOptions;
  readonly #channel: PacketChannel;
  readonly #batches = new Map<number, Batch>();
  #nextBatch = 1;
  /** As many as the peer takes. */
  #most = untoldLimit;
  /** It has said that it knows items of several connections. */
  #knowsRuns = false;
  #open = true;

  constructor(options: PeerLinkOptions) {
    this.#options = options;
    this.pace = new Pace(options.now);
    this.#channel = new PacketChannel({
      fd: options.peer.fd,
      watcher: options.watcher,
      onPacket: (packet) => this.#receive(packet),
      onClose: (why) => this.#lose(why, false),
    });
  }

  get name(): string {
    return this.#options.peer.name;
  }

  /** Whether it can be sent anything. */
  get open(): boolean {
    return this.#open;
  }

  /** Connections that the next batch may have: as many as fit into both workers' turns, by how long the last ones took. */
  get nextBatchLimit(): number {
    return Math.min(this.pace.most, this.#most);
  }

  /** Batches that it has not acknowledged. */
  get unacknowledged(): number {
    return this.#batches.size;
  }

  /** Connections in these. */
  get moving(): number {
    return [...this.#batches.values()].reduce((sum, { connections }) => sum + connections.length, 0);
  }

  /** False when it will not get it. Throws when this process is out of fds. */
  sendState(entries: readonly StateEntry[], fd: number | undefined): boolean {
    return this.#channel.send(encodeMessage({ type: "state", entries }), fd === undefined ? [] : [fd]);
  }

  /**
   * Sends a batch, which is the link's until it is acknowledged or the peer lost. Only when it returns `too-large`, or
   * throws because this process is out of fds, it has not been taken.
   */
  offer(connections: readonly MovingConnection[]): "taken" | "too-large" {
    const batch = this.#nextBatch;
    const items = this.#knowsRuns ? describeRuns(connections) : connections.map(describeConnection);
    const packet = encodeMessage({ type: "prepare", batch, items });
    if (packet.length > maxMessageBytes) return "too-large";
    const sent = this.#sendWithFds(packet, connections);
    this.#nextBatch += 1;
    this.#batches.set(batch, {
      connections,
      overdue: setTimeout(() => this.#lapse(batch), acknowledgeWithinMs),
    });
    if (!sent) this.#channel.drop("it cannot be sent anything");
    return "taken";
  }

  /** Nothing is on its way, and nothing more will come. */
  end(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#channel.finish(encodeMessage(endMessage), () => {});
  }

  #sendWithFds(packet: Buffer, connections: readonly MovingConnection[]): boolean {
    const bytes = packBytes(joinBytes(connections));
    const fds = connections.map(({ frozen }) => frozen.fd);
    try {
      return this.#channel.send(packet, bytes === undefined ? fds : [...fds, bytes]);
    } finally {
      if (bytes !== undefined) closeFd(bytes);
    }
  }

  #receive({ bytes, fds }: Packet): void {
    fds.forEach(closeFd);
    const message = decodeMessage(receiverMessage, bytes);
    if (!message.ok) {
      this.#withdraw(message.failure.message);
      return;
    }
    const { batch: id, refused, most } = message.value;
    const batch = this.#batches.get(id);
    if (batch === undefined || refused.some((position) => position >= batch.connections.length)) {
      this.#withdraw(`it acknowledged batch ${id}, which it was not sent`);
      return;
    }
    this.#most = Math.min(most ?? untoldLimit, batchLimit);
    this.#knowsRuns = most !== undefined;
    // Before the copies are closed: a peer that has died since cannot be told, and everything is still here.
    const go: SenderMessage = { type: "go", batch: id };
    if (!this.#channel.send(encodeMessage(go))) {
      this.#channel.drop("it died after its acknowledgement");
      return;
    }
    clearTimeout(batch.overdue);
    this.#batches.delete(id);
    const unwanted = new Set(refused);
    closeCopies(batch.connections.filter((_, position) => !unwanted.has(position)));
    this.#options.onAcknowledged(batch.connections.filter((_, position) => unwanted.has(position)));
  }

  #lapse(batch: number): void {
    // It may have been this process that stood still.
    this.#channel.receiveAll();
    if (this.#batches.has(batch)) {
      this.#withdraw(`it has not acknowledged batch ${batch} within ${acknowledgeWithinMs} ms`);
    }
  }

  /**
   * Of a peer that lives: it may be about to acknowledge, or find the batches in its queue when this process has long
   * ended. So they are this worker's again only when `end` is in the queue behind them, and no `go` can come.
   */
  #withdraw(why: string): void {
    if (!this.#open) return;
    if (this.#batches.size === 0) {
      this.#channel.close();
      this.#lose(why, true);
      return;
    }
    this.#open = false;
    this.#channel.finish(encodeMessage(endMessage), () => this.#lose(why, true));
  }

  #lose(why: string, alive: boolean): void {
    this.#open = false;
    const connections = [...this.#batches.values()].flatMap((batch) => batch.connections);
    for (const { overdue } of this.#batches.values()) clearTimeout(overdue);
    this.#batches.clear();
    this.#options.onLost(connections, why, alive);
  }
}

const endMessage: SenderMessage = { type: "end" };
