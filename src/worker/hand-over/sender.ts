import { decodeMessage, encodeMessage } from "../../channel/json.js";
import { type Packet, PacketChannel } from "../../channel/packet-channel.js";
import { batchLimit, type Item, receiverMessage, type SenderMessage } from "../../channel/peer-messages.js";
import type { StateEntry } from "../../channel/worker-messages.js";
import { messageOf } from "../../lib/failure.js";
import type { Watcher } from "../../linux/epoll.js";
import { closeFd } from "../../linux/fd.js";
import { maxMessageBytes } from "../../linux/message.js";
import type { Frozen } from "../carrier.js";
import type { Served } from "../served.js";
import { packBytes } from "./bytes.js";
import type { Peer } from "./peer.js";

/** Whether it is dead need not be known: what it has not acknowledged it does not read from. */
export type Destination = Pick<Peer, "name" | "fd">;

/** So that live traffic in both workers gets its turn between batches. */
const unacknowledgedLimit = 2;

interface Part {
  readonly served: Served;
  readonly frozen: Frozen;
  readonly item: Item;
}

interface Batch {
  readonly link: Link;
  readonly parts: readonly Part[];
}

interface Link {
  readonly peer: Destination;
  readonly channel: PacketChannel;
}

export interface SenderOptions {
  readonly served: readonly Served[];
  readonly peers: readonly Destination[];
  readonly watcher: Watcher;
  /** Nothing is left to move and nothing is on its way, or no peer is left to move it to. */
  readonly onIdle: () => void;
  /** Connections are held back until none is busy; then `giveState` is asked once, and the state goes first. */
  readonly exclusive: boolean;
  readonly giveState: () => { readonly entries: readonly StateEntry[]; readonly fd: number | undefined };
  /** Something may have ended. */
  readonly onChange: () => void;
  readonly report: (problem: string) => void;
}

/**
 * Moves the connections of an old worker to its peers, each as soon as it can be moved. It keeps its copy of a
 * connection until the peer has acknowledged it, so whoever dies at whatever moment loses only what it alone held.
 */
export class HandOverSender {
  readonly #options: SenderOptions;
  readonly #links: Link[];
  readonly #batches = new Map<number, Batch>();
  /** Servers whose connections no peer wants: they stay here and drain. */
  readonly #staying = new Set<Served>();
  #nextBatch = 1;
  #scheduled = false;
  /** Taken out and not sent yet: what waits for the state to go first. */
  readonly #held: Part[] = [];
  #stateSent = false;
  #ended = false;
  #finished = false;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#links = options.peers.map((peer) => this.#connect(peer));
    for (const { carrier } of options.served) {
      carrier.onChange(() => {
        options.onChange();
        this.#schedule();
      });
    }
    if (!options.exclusive) this.#sendState();
    this.#schedule();
  }

  /** Connections on their way: frozen here, not yet acknowledged there. */
  get moving(): number {
    return this.#held.length + [...this.#batches.values()].reduce((sum, { parts }) => sum + parts.length, 0);
  }

  /** At the drain deadline: what is on its way is finished, nothing more is begun. */
  end(): void {
    this.#sendState();
    while (this.#held.length > 0 && this.#links.length > 0) this.#sendHeld();
    this.#ended = true;
    if (this.#batches.size === 0) this.#finish();
  }

  #connect(peer: Destination): Link {
    const channel = new PacketChannel({
      fd: peer.fd,
      watcher: this.#options.watcher,
      onPacket: (packet) => this.#receive(link, packet),
      onClose: (why) => this.#lose(link, why),
    });
    const link: Link = { peer, channel };
    return link;
  }

  /** Freezing needs a clean stack: a parser in the middle of its callbacks is not between two requests. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (!this.#ended && this.#links.length > 0 && this.#batches.size < unacknowledgedLimit) {
      const progress = this.#stateSent ? this.#sendNext() : this.#holdBack();
      if (progress) {
        this.#schedule();
        return;
      }
    }
    if (this.#links.length === 0) for (const part of this.#held.splice(0)) this.#takeBack(part);
    if (this.moving === 0 && (this.#links.length === 0 || !this.#movableLeft())) this.#finish();
  }

  /** One batch on its way; false when nothing can move now. */
  #sendNext(): boolean {
    if (this.#held.length === 0) this.#held.push(...this.#freeze());
    return this.#sendHeld();
  }

  #sendHeld(): boolean {
    const link = this.#links[this.#nextBatch % Math.max(1, this.#links.length)];
    if (link === undefined || this.#held.length === 0) return false;
    this.#prepare(link, this.#held.splice(0, batchLimit));
    return true;
  }

  /** Takes out what is idle, so that no new request begins here; when nothing is busy any more, the state goes. */
  #holdBack(): boolean {
    const parts = this.#freeze();
    this.#held.push(...parts);
    if (parts.length > 0) return true;
    if (this.#options.served.some(({ carrier }) => carrier.counters.inFlight > 0)) return false;
    // What is idle and cannot move would begin its next request with a state that has gone.
    for (const { carrier } of this.#options.served) carrier.cut();
    this.#sendState();
    return true;
  }

  #sendState(): void {
    if (this.#stateSent) return;
    this.#stateSent = true;
    const [first] = this.#links;
    if (first === undefined) return;
    const { entries, fd } = this.#options.giveState();
    first.channel.send(encodeMessage({ type: "state", entries }), fd === undefined ? [] : [fd]);
    if (fd !== undefined) closeFd(fd);
    for (const link of this.#links.slice(1)) this.#tell(link, { type: "state", entries: [] });
  }

  #movableLeft(): boolean {
    if (this.#ended) return false;
    return this.#options.served.some((one) => !this.#staying.has(one) && one.carrier.open > 0);
  }

  #freeze(): Part[] {
    const parts: Part[] = [];
    for (const served of this.#options.served) {
      const room = batchLimit - parts.length;
      if (room === 0) break;
      if (this.#staying.has(served)) continue;
      const { listener, carrier } = served;
      for (const frozen of carrier.freeze(room)) {
        const { meta, input, output } = frozen;
        const item = {
          kind: carrier.kind,
          listener,
          meta,
          inputBytes: input.length,
          outputBytes: output.length,
        };
        parts.push({ served, frozen, item });
      }
    }
    return parts;
  }

  #prepare(link: Link, parts: readonly Part[]): void {
    const batch = this.#nextBatch;
    const packet = encodeMessage({ type: "prepare", batch, items: parts.map(({ item }) => item) });
    if (packet.length > maxMessageBytes) {
      this.#split(link, parts);
      return;
    }
    try {
      sendParts(link, packet, parts);
    } catch (error) {
      this.#options.report(`${parts.length} connection(s) stay: ${messageOf(error)}`);
      for (const part of parts) this.#keep(part);
      return;
    }
    this.#nextBatch += 1;
    this.#batches.set(batch, { link, parts });
  }

  /** It does not move, nor do the others of its server. */
  #keep(part: Part): void {
    this.#staying.add(part.served);
    this.#takeBack(part);
  }

  /** Metas may be large: half a batch fits where a whole one does not; one that alone does not fit stays. */
  #split(link: Link, parts: readonly Part[]): void {
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) {
      this.#options.report(
        `a connection of ${only.served.listener} stays: what it carries is over ${maxMessageBytes} bytes`,
      );
      this.#keep(only);
      return;
    }
    const half = Math.ceil(parts.length / 2);
    this.#prepare(link, parts.slice(0, half));
    this.#prepare(link, parts.slice(half));
  }

  #receive(link: Link, { bytes, fds }: Packet): void {
    fds.forEach(closeFd);
    const message = decodeMessage(receiverMessage, bytes);
    if (!message.ok) {
      link.channel.drop(message.failure.message);
      return;
    }
    const { batch: id, refused } = message.value;
    const batch = this.#batches.get(id);
    if (batch?.link !== link || refused.some((position) => position >= batch.parts.length)) {
      link.channel.drop(`it acknowledged batch ${id}, which it was not sent`);
      return;
    }
    // Before the copies are closed: a peer that has died since cannot be told, and everything is still here.
    if (!this.#tell(link, { type: "go", batch: id })) {
      link.channel.drop("it died after its acknowledgement");
      return;
    }
    this.#batches.delete(id);
    const unwanted = new Set(refused);
    const kept = batch.parts.filter((_, position) => unwanted.has(position));
    batch.parts.forEach(({ frozen }, position) => {
      if (!unwanted.has(position)) closeFd(frozen.fd);
    });
    for (const part of kept) this.#keep(part);
    this.#schedule();
  }

  #tell(link: Link, message: SenderMessage): boolean {
    return link.channel.send(encodeMessage(message));
  }

  /** What a peer has not acknowledged it does not read from: dead, it holds nothing; alive, it has closed its copies. */
  #lose(link: Link, why: string): void {
    this.#links.splice(this.#links.indexOf(link), 1);
    const lost = [...this.#batches].filter(([, batch]) => batch.link === link);
    if (lost.length > 0 || this.#movableLeft()) this.#options.report(`lost worker ${link.peer.name}: ${why}`);
    for (const [id, { parts }] of lost) {
      this.#batches.delete(id);
      for (const part of parts) this.#takeBack(part);
    }
    this.#schedule();
  }

  #takeBack({ served, frozen }: Part): void {
    try {
      served.carrier.adopt(frozen);
    } catch (error) {
      this.#options.report(`cannot take back a connection of ${served.listener}: ${String(error)}`);
    }
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#ended = true;
    for (const link of this.#links.splice(0)) {
      this.#tell(link, { type: "end" });
      link.channel.close();
    }
    this.#options.onIdle();
  }
}

/** Throws, with nothing sent, when this process is out of fds. */
function sendParts({ channel }: Link, packet: Buffer, parts: readonly Part[]): void {
  const bytes = packBytes(parts.map(({ frozen }) => frozen));
  const fds = parts.map(({ frozen }) => frozen.fd);
  try {
    channel.send(packet, bytes === undefined ? fds : [...fds, bytes]);
  } finally {
    if (bytes !== undefined) closeFd(bytes);
  }
}
