import { spawnSync } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { messageOf } from "../../../src/lib/failure.js";
import { type Parsed, parseResponse, type Response } from "./http-response.js";
import type { Loss } from "./report.js";

export type Ending =
  | { readonly outcome: "ok"; readonly response: Response }
  | { readonly outcome: Loss; readonly why: string };

interface Outstanding {
  readonly resolve: (ending: Ending) => void;
  readonly timer: NodeJS.Timeout;
  received: Buffer;
}

/**
 * One connection of a client that never retries and hides nothing: each `request` is written at most once and tells how it ended.
 * After any ending but a kept-alive `ok` the connection is closed.
 */
export class Connection {
  readonly #socket: net.Socket;
  readonly #onIdleClose: () => void;
  #outstanding: Outstanding | null = null;
  #connected = false;
  #answered = 0;
  #open = true;

  /** Connects to `host:port` or a unix socket's path. `onIdleClose`: the server closed it with no request outstanding. */
  constructor(address: string, onIdleClose: () => void) {
    this.#onIdleClose = onIdleClose;
    this.#socket = net.connect(destination(address));
    this.#socket.setNoDelay(true);
    this.#socket.on("connect", () => {
      this.#connected = true;
    });
    this.#socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on("end", () => this.#fail(null));
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(null));
  }

  /** Resolves when there is a connection; rejects when there cannot be one. */
  async connected(): Promise<void> {
    if (!this.#connected) await once(this.#socket, "connect");
  }

  /** True while another request can be sent. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** Sends one request and waits for its end; there must be no other outstanding. */
  request(path: string, options: { readonly close: boolean; readonly timeoutMs: number }): Promise<Ending> {
    return new Promise((resolve) => {
      const timer = setTimeout(
        () =>
          this.#finish({
            outcome: "timedOut",
            why: `no whole response in ${options.timeoutMs} ms: ${this.#describe()}`,
          }),
        options.timeoutMs,
      );
      this.#outstanding = { resolve, timer, received: Buffer.alloc(0) };
      const connection = options.close ? "close" : "keep-alive";
      this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: test\r\nConnection: ${connection}\r\n\r\n`);
    });
  }

  /** A request that is outstanding is cut. */
  close(): void {
    this.#open = false;
    this.#socket.destroy();
    this.#finish({ outcome: "cut", why: "closed by the client" });
  }

  /** What the kernel knows of both ends: is it in a backlog, accepted and by whom, has anything arrived? */
  #describe(): string {
    const { localPort } = this.#socket;
    if (localPort === undefined) return "not connected";
    const filter = `( sport = :${localPort} or dport = :${localPort} )`;
    const { stdout, error } = spawnSync("ss", ["-Htanpei", filter], { encoding: "utf8" });
    return error === undefined ? stdout.replaceAll(/\s+/g, " ") : messageOf(error);
  }

  #receive(chunk: Buffer): void {
    const outstanding = this.#outstanding;
    if (outstanding === null) {
      this.#fail(null); // a byte nobody asked for: the next request would take it for its answer
      return;
    }
    outstanding.received = Buffer.concat([outstanding.received, chunk]);
    const parsed = parseResponse(outstanding.received);
    if (parsed.state !== "partial") this.#finish(endingOf(parsed));
  }

  /** The connection is over: with `error`, or ended by the server. */
  #fail(error: Error | null): void {
    if (!this.#open) return;
    if (this.#outstanding === null) {
      this.close();
      this.#onIdleClose();
      return;
    }
    const why = error === null ? "closed by the server" : messageOf(error);
    this.#finish({ outcome: this.#lossOf(error, this.#outstanding.received.length), why });
  }

  #lossOf(error: Error | null, receivedBytes: number): Loss {
    if (!this.#connected) return "refused";
    if (receivedBytes > 0) return "cut";
    if (this.#answered > 0) return "lostOnReuse";
    return error === null ? "cut" : "reset";
  }

  #finish(ending: Ending): void {
    const outstanding = this.#outstanding;
    if (outstanding === null) return;
    this.#outstanding = null;
    clearTimeout(outstanding.timer);
    if (ending.outcome === "ok") this.#answered++;
    if (ending.outcome !== "ok" || !ending.response.keepsAlive) this.close();
    outstanding.resolve(ending);
  }
}

function endingOf(parsed: Exclude<Parsed, { state: "partial" }>): Ending {
  if (parsed.state === "bad") return { outcome: "bad", why: parsed.why };
  const { status } = parsed.response;
  return status === 200
    ? { outcome: "ok", response: parsed.response }
    : { outcome: "bad", why: `status ${status}` };
}

function destination(address: string): net.NetConnectOpts {
  if (address.startsWith("/")) return { path: address };
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(address.slice(colon + 1)) };
}
