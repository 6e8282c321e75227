import { Server as NetServer, type Socket } from "node:net";
import type { Carrier, Counters, Frozen } from "./carrier.js";

/**
 * The carrier of a server whose connections cannot move: it stops accepting, and its connections end when they end.
 * For what no better carrier knows.
 */
export class PlainCarrier implements Carrier {
  readonly kind: Carrier["kind"];
  readonly #server: NetServer;
  readonly #sockets = new Set<Socket>();
  #onChange: () => void = () => {};
  #accepted = 0;
  #cut = 0;

  constructor(server: NetServer, kind: Carrier["kind"]) {
    this.kind = kind;
    this.#server = server;
    server.on("connection", (socket: Socket) => {
      this.#accepted += 1;
      this.#sockets.add(socket);
      socket.once("close", () => {
        this.#sockets.delete(socket);
        this.#onChange();
      });
    });
  }

  get open(): number {
    return this.#sockets.size;
  }

  get counters(): Counters {
    const open = this.open;
    return {
      open,
      inFlight: open,
      accepted: this.#accepted,
      requests: 0,
      moved: 0,
      adopted: 0,
      cut: this.#cut,
    };
  }

  beginDrain(): void {
    // Not a subclass's own close, which may end connections under a request.
    NetServer.prototype.close.call(this.#server);
  }

  stopMoving(): void {}

  freeze(): Frozen[] {
    return [];
  }

  adopt(): void {
    throw new TypeError("connections of this server cannot move");
  }

  onChange(callback: () => void): void {
    this.#onChange = callback;
  }

  cut(): void {
    for (const socket of this.#sockets) {
      this.#cut += 1;
      socket.destroy();
    }
  }
}
