import { connect, createServer, type Server, type Socket } from "node:net";
import { closeFd, duplicateFd, isOpen } from "../../../../src/linux/fd.js";
import type { Carrier, Counters, Frozen, Meta } from "../../../../src/worker/carriers/carrier.js";
import type { ServedCarrier } from "../../../../src/worker/carriers/served-carrier.js";

/** What a connection carries along. */
export interface Cargo {
  readonly meta?: Meta;
  readonly input?: Buffer;
  readonly output?: Buffer;
}

/** Holds connections as fds and nothing else: it reads and writes nothing. */
export class FakeCarrier implements Carrier {
  readonly kind = "tcp";
  readonly held: Frozen[] = [];
  inFlight = 0;
  stopped = false;
  cuts = 0;
  /** `freeze` gives nothing while it is set. */
  stuck = false;
  adopted = 0;
  /** Makes `adopt` throw, as an app's `restore` may. */
  refusal: Error | undefined;
  #change: () => void = () => {};

  put(fd: number, { meta = {}, input = Buffer.alloc(0), output = Buffer.alloc(0) }: Cargo = {}): void {
    this.held.push({ fd, meta, input, output });
  }

  changed(): void {
    this.#change();
  }

  beginDrain(): void {}

  stopMoving(): void {
    this.stopped = true;
  }

  freeze(limit: number): Frozen[] {
    return this.stuck || this.stopped ? [] : this.held.splice(0, limit);
  }

  adopt(frozen: Frozen): void {
    if (this.refusal !== undefined) {
      closeFd(frozen.fd);
      throw this.refusal;
    }
    this.adopted += 1;
    this.held.push(frozen);
  }

  get open(): number {
    return this.held.length;
  }

  get counters(): Counters {
    const { inFlight, adopted } = this;
    const none = { accepted: 0, requests: 0, moved: 0, finished: 0 };
    return { ...none, open: this.open, inFlight, adopted, cut: this.cuts };
  }

  onChange(callback: () => void): void {
    this.#change = callback;
  }

  cut(): void {
    this.cuts += 1;
  }

  close(): void {
    for (const { fd } of this.held.splice(0)) if (isOpen(fd)) closeFd(fd);
  }
}

/** A server of that name on that carrier. */
export function serveWith(carrier: Carrier, listener = "lines"): ServedCarrier {
  return { listener, carrier, server: createServer() };
}

/** TCP connections with both ends in this process. */
export class Connections implements AsyncDisposable {
  readonly clients: Socket[] = [];
  readonly #accepted: Socket[] = [];
  readonly #server: Server = createServer((socket) => this.#accepted.push(socket));
  closed = 0;

  /** The fds of the accepted ends, each the caller's: the only ones that keep their connections open. */
  async open(count: number): Promise<number[]> {
    if (!this.#server.listening) {
      await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    }
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const fds: number[] = [];
    for (let at = 0; at < count; at += 1) {
      const accepted = new Promise<Socket>((resolve) => this.#server.once("connection", resolve));
      const client = connect(address.port, "127.0.0.1");
      client.on("close", () => {
        this.closed += 1;
      });
      client.on("error", () => {});
      client.resume();
      this.clients.push(client);
      const socket = await accepted;
      fds.push(duplicateFd(fdOf(socket)));
      socket.destroy();
    }
    return fds;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.clients) client.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

function fdOf(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, "_handle");
  const fd: unknown = typeof handle === "object" && handle !== null ? Reflect.get(handle, "fd") : undefined;
  if (typeof fd !== "number") throw new Error("a socket without an fd");
  return fd;
}
