import { batchLimit } from "../../channel/peer-messages.js";
import type { StateEntry } from "../../channel/worker-messages.js";
import { messageOf } from "../../lib/failure.js";
import type { Watcher } from "../../linux/epoll.js";
import { closeFd } from "../../linux/fd.js";
import { maxMessageBytes } from "../../linux/message.js";
import { LookAgain } from "../carriers/look-again.js";
import type { ServedCarrier } from "../carriers/served-carrier.js";
import { adoptConnections } from "../moving-connections/adopt-connections.js";
import { freezeConnections, type MovingConnection } from "../moving-connections/freeze-connections.js";
import type { IncomingHandOvers } from "./incoming-hand-overs.js";
import { type Destination, PeerLink } from "./peer-link.js";
import { PeerLinks } from "./peer-links.js";
import { QuietMoment } from "./quiet-moment.js";

/** So that live traffic in both workers gets its turn between batches. */
const unacknowledgedLimit = 2;

export interface SenderOptions {
  readonly served: readonly ServedCarrier[];
  readonly peers: readonly Destination[];
  /** What this worker is still being given: that goes on to the peers, too. */
  readonly incoming: Pick<IncomingHandOvers, "open">;
  readonly watcher: Watcher;
  /** Nothing is left to move and nothing is on its way, or no peer is left to move it to. */
  readonly onIdle: () => void;
  /** Connections are held back until all is quiet; then `giveState` is asked once, and the state goes first. */
  readonly exclusive: boolean;
  readonly giveState: () => { readonly entries: readonly StateEntry[]; readonly fd: number | undefined };
  /** Something may have ended. */
  readonly onChange: () => void;
  readonly report: (problem: string) => void;
  /** In ms. */
  readonly now?: (() => number) | undefined;
}

/**
 * Moves the connections of an old worker to its peers, each as soon as it can be moved. It keeps its copy of a
 * connection until the peer has acknowledged it, so whoever dies at whatever moment loses only what it alone held.
 */
export class HandOverSender {
  readonly #options: SenderOptions;
  readonly #links = new PeerLinks();
  /** Servers whose connections no peer wants: they stay here and drain. */
  readonly #staying = new Set<ServedCarrier>();
  /** Taken out and not sent yet: what waits for the state to go first. */
  readonly #held: MovingConnection[] = [];
  readonly #quiet: QuietMoment | undefined;
  readonly #lookAgain = new LookAgain();
  #stateSent = false;
  /** As far as the channel told that was lost last. */
  #successorLives = true;
  #ended = false;
  #finished = false;

  constructor(options: SenderOptions) {
    this.#options = options;
    // Freezing needs a clean stack: a parser in the middle of its callbacks is not between two requests.
    this.#lookAgain.listen(() => this.#pump());
    for (const peer of options.peers) this.#links.add(this.#connect(peer));
    for (const { carrier } of options.served) {
      carrier.onChange(() => {
        options.onChange();
        this.#lookAgain.soon();
      });
    }
    if (options.exclusive) this.#quiet = new QuietMoment(options.served, () => this.#lookAgain.soon());
    else this.#sendState();
    this.#lookAgain.soon();
  }

  /** Connections on their way: frozen here, not yet acknowledged there. */
  get moving(): number {
    return this.#held.length + this.#links.moving;
  }

  /** Further peers, but those it has. False when nothing moves any more; the fds are the caller's then. */
  addPeers(peers: readonly Destination[]): boolean {
    if (this.#ended || this.#options.exclusive) return false;
    const known = new Set(this.#links.open.map(({ name }) => name));
    for (const peer of peers) {
      if (known.has(peer.name)) {
        closeFd(peer.fd);
        continue;
      }
      const link = this.#connect(peer);
      this.#links.add(link);
      // The state has gone to another.
      this.#trySendState(link, [], undefined);
    }
    this.#lookAgain.soon();
    return true;
  }

  /** At the drain deadline: what is on its way is finished, nothing more is begun. */
  end(): void {
    this.#sendState();
    while (this.#held.length > 0 && this.#links.open.length > 0) this.#sendHeld();
    this.#ended = true;
    if (this.moving === 0) this.#finish();
  }

  /** A hand-over to this worker has ended. */
  lookAgain(): void {
    this.#lookAgain.soon();
  }

  #connect(peer: Destination): PeerLink {
    return new PeerLink({
      peer,
      now: this.#options.now,
      watcher: this.#options.watcher,
      onAcknowledged: (refused) => {
        this.#keep(refused);
        this.#lookAgain.soon();
      },
      onLost: (connections, why, alive) => {
        if (connections.length > 0 || this.#movableLeft()) {
          const rest = this.#links.open.length > 0 ? "the others get the rest" : "what is left ends here";
          this.#options.report(`cannot hand over to worker ${peer.name} any more: ${why}; ${rest}`);
        }
        this.#successorLives = alive;
        if (this.#links.open.length > 0 && !this.#ended) this.#held.unshift(...connections);
        else this.#takeBack(connections);
        this.#lookAgain.soon();
      },
    });
  }

  #pump(): void {
    const { unacknowledged } = this.#links;
    if (!this.#ended && this.#links.open.length > 0 && unacknowledged < unacknowledgedLimit) {
      const progress = this.#stateSent ? this.#sendNext() : this.#holdBack();
      if (progress) {
        this.#lookAgain.soon();
        return;
      }
    }
    if (this.#links.open.length === 0) this.#takeBack(this.#held.splice(0));
    if (this.moving === 0 && (this.#links.open.length === 0 || !this.#movableLeft())) this.#finish();
  }

  /** One batch on its way; false when nothing can move now. */
  #sendNext(): boolean {
    const link = this.#links.next;
    if (link === undefined) return false;
    const moved = link.pace.time(() => {
      if (this.#held.length === 0) this.#held.push(...this.#freeze(link.nextBatchLimit));
      return this.#sendHeld();
    });
    return moved > 0;
  }

  /** To the peers in turn; returns how many. */
  #sendHeld(): number {
    const link = this.#links.next;
    if (link === undefined || this.#held.length === 0) return 0;
    const batch = this.#held.splice(0, link.nextBatchLimit);
    this.#links.passTurn();
    this.#offer(link, batch);
    return batch.length;
  }

  /** Takes out what is idle, so that no new request begins here; when all is quiet, the state goes. */
  #holdBack(): boolean {
    const connections = this.#freeze(batchLimit);
    this.#held.push(...connections);
    if (connections.length > 0) return true;
    if (this.#quiet?.hasCome() === false) return false;
    // What is left here could begin its next request with a state that has gone.
    this.#cut();
    this.#sendState();
    return true;
  }

  #sendState(): void {
    if (this.#stateSent) return;
    this.#stateSent = true;
    this.#quiet?.end();
    if (this.#links.open.length === 0) return;
    const { entries, fd } = this.#options.giveState();
    this.#links.sendState(entries, fd, (...to) => this.#trySendState(...to));
    if (fd !== undefined) closeFd(fd);
  }

  /** Whether it will get it. */
  #trySendState(link: PeerLink, entries: readonly StateEntry[], fd: number | undefined): boolean {
    try {
      return link.sendState(entries, fd);
    } catch (error) {
      this.#options.report(`cannot send the state to worker ${link.name}: ${messageOf(error)}`);
      return false;
    }
  }

  #movableLeft(): boolean {
    if (this.#ended) return false;
    if (this.#options.incoming.open > 0) return true;
    return this.#options.served.some((one) => !this.#staying.has(one) && one.carrier.open > 0);
  }

  #freeze(limit: number): MovingConnection[] {
    return freezeConnections(
      this.#options.served.filter((one) => !this.#staying.has(one)),
      limit,
    );
  }

  #offer(link: PeerLink, connections: readonly MovingConnection[]): void {
    try {
      if (link.offer(connections) === "too-large") this.#split(link, connections);
    } catch (error) {
      this.#keepAndSay(connections, messageOf(error));
    }
  }

  /** Metas may be large: half a batch fits where a whole one does not; one that alone does not fit stays. */
  #split(link: PeerLink, connections: readonly MovingConnection[]): void {
    if (connections.length === 1) {
      this.#keepAndSay(connections, `what it carries is over ${maxMessageBytes} bytes`);
      return;
    }
    const half = Math.ceil(connections.length / 2);
    this.#held.unshift(...connections.slice(half));
    this.#offer(link, connections.slice(0, half));
  }

  #keepAndSay(connections: readonly MovingConnection[], why: string): void {
    const names = [...new Set(connections.map(({ served }) => served.listener))].join(", ");
    this.#options.report(`${connections.length} connection(s) of ${names} stay: ${why}`);
    this.#keep(connections);
  }

  /** They do not move, nor do the others of their servers. */
  #keep(connections: readonly MovingConnection[]): void {
    for (const { served } of connections) this.#staying.add(served);
    this.#takeBack(connections);
  }

  #takeBack(connections: readonly MovingConnection[]): void {
    const { exclusive, report } = this.#options;
    adoptConnections(connections, report);
    // A request must not meet a state that another worker goes on with. With a peer that died the state has come back.
    const outlived = exclusive && this.#stateSent && this.#successorLives;
    if (connections.length > 0 && (outlived || this.#ended)) this.#cut();
  }

  #cut(): void {
    for (const { carrier } of this.#options.served) carrier.cut();
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#ended = true;
    this.#links.end();
    this.#options.onIdle();
  }
}
