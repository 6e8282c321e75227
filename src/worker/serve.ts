import { Server as HttpServer } from "node:http";
import { type Server as NetServer, Socket } from "node:net";
import { HoldfastError } from "../lib/failure.js";
import { duplicateFd } from "../linux/fd.js";
import type { Carrier, Counters } from "./carrier.js";
import { createHttpCarrier } from "./http/http-carrier.js";
import { PlainCarrier } from "./plain-carrier.js";
import { getRuntime, type Service } from "./runtime.js";

export interface ServeOptions {
  /** The listener's name in the config, or FileDescriptorName= of the socket unit. Not needed where there is only one. */
  readonly listener?: string;
  /** Where to listen when no manager passes a socket: a developer's laptop, Docker. As for `server.listen`. */
  readonly port?: number;
  readonly host?: string;
  readonly path?: string;
}

/** A served server. */
export interface Serving {
  /** The generation and worker this process is; null without holdfastd. */
  readonly generation: number | null;
  readonly worker: number | null;
  readonly listener: string;
  /** Aborted when this worker begins to drain: for work that would otherwise go on for long. */
  readonly signal: AbortSignal;
  /** Called, and awaited, when the last connection is gone, before the process exits. */
  onDrain(hook: () => unknown): void;
  counters(): Counters;
}

/** As many as may wait in the kernel where the daemon has not set another number; Node's own 511 would shrink it. */
const backlog = 4096;

/**
 * Serves on the inherited listener, or binds `options` when nobody passes one. Resolves when the server listens; in a
 * candidate that stands by, when it is ready to: it accepts from its activation on. Throws `listener-missing`,
 * `listener-ambiguous`, and what `server.listen` emits.
 */
export async function serve(server: NetServer, options: ServeOptions = {}): Promise<Serving> {
  const runtime = getRuntime();
  const claimed = runtime.claim(options.listener);
  const carrier = chooseCarrier(server);
  const service: Service = {
    listener: claimed.name,
    carrier,
    server,
    listen: (fd) => listen(server, fd, options),
    probe: (fd) => void server.emit("connection", new Socket({ fd, readable: true, writable: true })),
  };
  await runtime.start(service, claimed.fd);
  const { manager } = runtime;
  return {
    generation: manager.kind === "holdfast" ? manager.generation : null,
    worker: manager.kind === "holdfast" ? manager.worker : null,
    listener: claimed.name,
    signal: runtime.signal,
    onDrain: (hook) => runtime.onDrain(hook),
    counters: () => carrier.counters,
  };
}

function chooseCarrier(server: NetServer): Carrier {
  if (server instanceof HttpServer) return createHttpCarrier(server);
  return new PlainCarrier(server, "tcp");
}

function listen(
  server: NetServer,
  fd: number | undefined,
  { port, host, path }: ServeOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const listening = (): void => {
      server.off("error", reject);
      resolve();
    };
    // On a copy: closing the server closes the number it listens on, and the socket must outlive that.
    if (fd !== undefined) server.listen({ fd: duplicateFd(fd) }, backlog, listening);
    else if (path !== undefined) server.listen({ path }, listening);
    else if (port !== undefined) server.listen({ port, ...(host === undefined ? {} : { host }) }, listening);
    else {
      const message =
        "cannot listen: no manager passes a socket, and serve() was given neither port nor path";
      reject(new HoldfastError("listener-missing", message));
    }
  });
}
