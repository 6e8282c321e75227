import type { StateEntry } from "../../channel/worker-messages.js";
import type { PeerLink } from "./peer-link.js";

/** The channels to all peers of a hand-over, which get what goes in turn. */
export class PeerLinks {
  readonly #links: PeerLink[] = [];
  #turn = 0;

  add(link: PeerLink): void {
    this.#links.push(link);
  }

  /** Those that can be sent something. */
  get open(): readonly PeerLink[] {
    return this.#links.filter(({ open }) => open);
  }

  /** Whose turn it is. */
  get next(): PeerLink | undefined {
    const { open } = this;
    return open[this.#turn % Math.max(1, open.length)];
  }

  passTurn(): void {
    this.#turn += 1;
  }

  /** Connections on their way. */
  get moving(): number {
    return this.#links.reduce((sum, link) => sum + link.moving, 0);
  }

  /** Batches on their way. */
  get unacknowledged(): number {
    return this.#links.reduce((sum, link) => sum + link.unacknowledged, 0);
  }

  /** To the first that takes it; the others learn that there is none for them. `send`: whether one will get it. */
  sendState(
    entries: readonly StateEntry[],
    fd: number | undefined,
    send: (link: PeerLink, entries: readonly StateEntry[], fd: number | undefined) => boolean,
  ): void {
    let given = false;
    for (const link of this.open) {
      if (given) send(link, [], undefined);
      else given = send(link, entries, fd);
    }
  }

  end(): void {
    for (const link of this.#links) link.end();
  }
}
