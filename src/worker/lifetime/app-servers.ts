import type { Socket } from "node:net";
import type { ServerCounters } from "../../channel/worker-messages.js";
import type { Carrier } from "../carriers/carrier.js";
import type { Place, Servable } from "../carriers/listen.js";
import type { Served } from "../carriers/served-carrier.js";

/** A server as the runtime drives it. */
export interface Service extends Served {
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
export class Services {
  /** Each server with each of its carriers; grows. */
  readonly served: Served[] = [];
  readonly #services: Service[] = [];
  readonly #attached: { readonly server: Servable; readonly carrier: Carrier }[] = [];
  #tickets: Buffer | undefined;

  add(service: Service): void {
    this.#services.push(service);
    if (this.#tickets !== undefined) service.shareTickets(this.#tickets);
    this.served.push(service);
    for (const { server, carrier } of this.#attached) {
      if (server === service.server) this.served.push({ listener: service.listener, server, carrier });
    }
  }

  /** Another carrier for connections that begin at a server, served already or later. Whether it is served by now. */
  attach(server: Servable, carrier: Carrier): boolean {
    this.#attached.push({ server, carrier });
    const service = this.#services.find((one) => one.server === server);
    if (service !== undefined) this.served.push({ listener: service.listener, server, carrier });
    return service !== undefined;
  }

  /** The server's own carrier lets go of a socket that it has upgraded. */
  releaseUpgraded(server: Servable, socket: Socket): void {
    this.#services.find((one) => one.server === server)?.carrier.release?.(socket);
  }

  /** From now on, for those that come later, too. */
  shareTickets(secret: Buffer): void {
    this.#tickets = secret;
    for (const service of this.#services) service.shareTickets(secret);
  }

  /** False when nobody serves that listener; the fd is still the caller's then. */
  probe(listener: string, fd: number): boolean {
    const service = this.#services.find((one) => one.listener === listener);
    service?.probe(fd);
    return service !== undefined;
  }

  count(): ServerCounters[] {
    return this.served.map(({ listener, carrier }) => {
      return { listener, kind: carrier.kind, counters: { ...carrier.counters } };
    });
  }
}
