import { batchLimit } from "../../channel/peer-messages.js";
import type { StateEntry } from "../../channel/worker-messages.js";
import { messageOf } from "../../lib/failure.js";
import type { Watcher } from "../../linux/epoll.js";
import { closeFd } from "../../linux/fd.js";
import { maxMessageBytes } from "../../linux/message.js";
import type { Served } from "../carriers/served-carrier.js";
import type { Incoming } from "./incoming-hand-overs.js";
import { freezeParts, type Part } from "./part.js";
import { type Destination, PeerLink } from "./peer-link.js";
import { Quiet } from "./quiet.js";

/** So that live traffic in both workers gets its turn between batches. */
const unacknowledgedLimit = 2;

export interface SenderOptions {
  readonly served: readonly Served[];
  readonly peers: readonly Destination[];
  /** What this worker is still being given: that goes on to the peers, too. */
  readonly incoming: Pick<Incoming, "open">;
  readonly watcher: Watcher;
  /** Nothing is left to move and nothing is on its way, or no peer is left to move it to. */
  readonly onIdle: () => void;
  /** Connections are held back until all is quiet; then `giveState` is asked once, and the state goes first. */
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
  readonly #links: readonly PeerLink[];
  /** Servers whose connections no peer wants: they stay here and drain. */
  readonly #staying = new Set<Served>();
  /** Taken out and not sent yet: what waits for the state to go first. */
  readonly #held: Part[] = [];
  readonly #quiet: Quiet | undefined;
  #turn = 0;
  #scheduled = false;
  #stateSent = false;
  /** As far as the channel told that was lost last. */
  #successorLives = true;
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
    if (options.exclusive) this.#quiet = new Quiet(options.served, () => this.#schedule());
    else this.#sendState();
    this.#schedule();
  }

  /** Connections on their way: frozen here, not yet acknowledged there. */
  get moving(): number {
    return this.#held.length + this.#links.reduce((sum, link) => sum + link.moving, 0);
  }

  /** At the drain deadline: what is on its way is finished, nothing more is begun. */
  end(): void {
    this.#sendState();
    while (this.#held.length > 0 && this.#open.length > 0) this.#sendHeld();
    this.#ended = true;
    if (this.moving === 0) this.#finish();
  }

  /** A hand-over to this worker has ended. */
  lookAgain(): void {
    this.#schedule();
  }

  get #open(): readonly PeerLink[] {
    return this.#links.filter(({ open }) => open);
  }

  get #next(): PeerLink | undefined {
    const open = this.#open;
    return open[this.#turn % Math.max(1, open.length)];
  }

  #connect(peer: Destination): PeerLink {
    return new PeerLink({
      peer,
      watcher: this.#options.watcher,
      onAcknowledged: (refused) => {
        this.#keep(refused);
        this.#schedule();
      },
      onLost: (parts, why, alive) => {
        if (parts.length > 0 || this.#movableLeft()) {
          const rest = this.#open.length > 0 ? "the others get the rest" : "what is left ends here";
          this.#options.report(`cannot hand over to worker ${peer.name} any more: ${why}; ${rest}`);
        }
        this.#successorLives = alive;
        if (this.#open.length > 0 && !this.#ended) this.#held.unshift(...parts);
        else this.#takeBack(parts);
        this.#schedule();
      },
    });
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
    const unacknowledged = this.#links.reduce((sum, link) => sum + link.unacknowledged, 0);
    if (!this.#ended && this.#open.length > 0 && unacknowledged < unacknowledgedLimit) {
      const progress = this.#stateSent ? this.#sendNext() : this.#holdBack();
      if (progress) {
        this.#schedule();
        return;
      }
    }
    if (this.#open.length === 0) this.#takeBack(this.#held.splice(0));
    if (this.moving === 0 && (this.#open.length === 0 || !this.#movableLeft())) this.#finish();
  }

  /** One batch on its way; false when nothing can move now. */
  #sendNext(): boolean {
    const limit = this.#next?.nextBatchLimit ?? 0;
    if (this.#held.length === 0) this.#held.push(...this.#freeze(limit));
    return this.#sendHeld();
  }

  /** To the peers in turn. */
  #sendHeld(): boolean {
    const link = this.#next;
    if (link === undefined || this.#held.length === 0) return false;
    this.#turn += 1;
    this.#offer(link, this.#held.splice(0, link.nextBatchLimit));
    return true;
  }

  /** Takes out what is idle, so that no new request begins here; when all is quiet, the state goes. */
  #holdBack(): boolean {
    const parts = this.#freeze(batchLimit);
    this.#held.push(...parts);
    if (parts.length > 0) return true;
    if (this.#quiet?.hasCome() === false) return false;
    // What is left here could begin its next request with a state that has gone.
    this.#cut();
    this.#sendState();
    return true;
  }

  /** To the first peer that can be reached; the others learn that there is none for them. */
  #sendState(): void {
    if (this.#stateSent) return;
    this.#stateSent = true;
    this.#quiet?.end();
    if (this.#open.length === 0) return;
    const { entries, fd } = this.#options.giveState();
    let given = false;
    for (const link of this.#open) {
      try {
        if (given) link.sendState([], undefined);
        else given = link.sendState(entries, fd);
      } catch (error) {
        this.#options.report(`cannot send the state to worker ${link.name}: ${messageOf(error)}`);
      }
    }
    if (fd !== undefined) closeFd(fd);
  }

  #movableLeft(): boolean {
    if (this.#ended) return false;
    if (this.#options.incoming.open > 0) return true;
    return this.#options.served.some((one) => !this.#staying.has(one) && one.carrier.open > 0);
  }

  #freeze(limit: number): Part[] {
    const parts: Part[] = [];
    for (const served of this.#options.served) {
      if (parts.length < limit && !this.#staying.has(served)) {
        parts.push(...freezeParts(served, limit - parts.length));
      }
    }
    return parts;
  }

  #offer(link: PeerLink, parts: readonly Part[]): void {
    try {
      if (link.offer(parts) === "too-large") this.#split(link, parts);
    } catch (error) {
      this.#keepAndSay(parts, messageOf(error));
    }
  }

  /** Metas may be large: half a batch fits where a whole one does not; one that alone does not fit stays. */
  #split(link: PeerLink, parts: readonly Part[]): void {
    if (parts.length === 1) {
      this.#keepAndSay(parts, `what it carries is over ${maxMessageBytes} bytes`);
      return;
    }
    const half = Math.ceil(parts.length / 2);
    this.#held.unshift(...parts.slice(half));
    this.#offer(link, parts.slice(0, half));
  }

  #keepAndSay(parts: readonly Part[], why: string): void {
    const names = [...new Set(parts.map(({ served }) => served.listener))].join(", ");
    this.#options.report(`${parts.length} connection(s) of ${names} stay: ${why}`);
    this.#keep(parts);
  }

  /** They do not move, nor do the others of their servers. */
  #keep(parts: readonly Part[]): void {
    for (const { served } of parts) this.#staying.add(served);
    this.#takeBack(parts);
  }

  #takeBack(parts: readonly Part[]): void {
    for (const { served, frozen } of parts) {
      try {
        served.carrier.adopt(frozen);
      } catch (error) {
        this.#options.report(`cannot take back a connection of ${served.listener}: ${String(error)}`);
      }
    }
    const { exclusive } = this.#options;
    // A request must not meet a state that another worker goes on with. With a peer that died the state has come back.
    const outlived = exclusive && this.#stateSent && this.#successorLives;
    if (parts.length > 0 && (outlived || this.#ended)) this.#cut();
  }

  #cut(): void {
    for (const { carrier } of this.#options.served) carrier.cut();
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#ended = true;
    for (const link of this.#links) link.end();
    this.#options.onIdle();
  }
}
