import type { Socket } from "node:net";
import type { ServerCounters } from "../../channel/worker-messages.js";
import { nothingCounted } from "../../lib/counters.js";
import type { Carrier } from "../carriers/carrier.js";
import type { NodeServer, Place } from "../carriers/listen.js";
import type { ServedCarrier } from "../carriers/served-carrier.js";

/** A server as the runtime drives it. */
export interface AppServer extends ServedCarrier {
  /** Where it listens when it gets no socket. */
  readonly place: Place;
  /** Starts to accept on the inherited socket, or where the app's options say when there is none. */
  listen(fd: number | undefined): Promise<void>;
  /** Serves a connection that only this worker got. */
  probe(fd: number): void;
  /** Encrypts TLS session tickets with keys made of this secret, which all workers have. */
  shareTickets(secret: Buffer): void;
}

/** What a process serves, in the order in which it began to. */
export class AppServers {
  /** Each server with each of its carriers; grows. */
  readonly served: ServedCarrier[] = [];
  readonly #appServers: AppServer[] = [];
  readonly #attached: { readonly server: NodeServer; readonly carrier: Carrier }[] = [];
  #tickets: Buffer | undefined;
  #slowMs: number | undefined;

  add(appServer: AppServer): void {
    this.#appServers.push(appServer);
    if (this.#tickets !== undefined) appServer.shareTickets(this.#tickets);
    if (this.#slowMs !== undefined) appServer.carrier.tally?.countSlow(this.#slowMs);
    this.served.push(appServer);
    for (const { server, carrier } of this.#attached) {
      if (server === appServer.server) this.served.push({ listener: appServer.listener, server, carrier });
    }
  }

  /** Another carrier for connections that begin at a server, served already or later. Whether it is served by now. */
  attach(server: NodeServer, carrier: Carrier): boolean {
    this.#attached.push({ server, carrier });
    const appServer = this.#appServers.find((one) => one.server === server);
    if (appServer !== undefined) this.served.push({ listener: appServer.listener, server, carrier });
    return appServer !== undefined;
  }

  /** The server's own carrier lets go of a socket that it has upgraded. */
  releaseUpgraded(server: NodeServer, socket: Socket): void {
    this.#appServers.find((one) => one.server === server)?.carrier.release?.(socket);
  }

  /** From now on, for those that come later, too. */
  shareTickets(secret: Buffer): void {
    this.#tickets = secret;
    for (const appServer of this.#appServers) appServer.shareTickets(secret);
  }

  /** What takes longer is counted as slow, also by those that come later. */
  countSlow(slowMs: number): void {
    this.#slowMs = slowMs;
    for (const { carrier } of this.#appServers) carrier.tally?.countSlow(slowMs);
  }

  /** False when nobody serves that listener; the fd is still the caller's then. */
  probe(listener: string, fd: number): boolean {
    const appServer = this.#appServers.find((one) => one.listener === listener);
    appServer?.probe(fd);
    return appServer !== undefined;
  }

  count(): ServerCounters[] {
    return this.served.map(({ listener, carrier }) => {
      const counters = { ...nothingCounted, ...carrier.counters, ...carrier.tally?.counters };
      return { listener, kind: carrier.kind, counters };
    });
  }
}
