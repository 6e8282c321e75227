import { Socket as UdpSocket } from "node:dgram";
import { Server as HttpServer } from "node:http";
import { Server as NetServer } from "node:net";
import { parseDuration } from "../lib/duration.js";
import { HoldfastError } from "../lib/failure.js";
import { closeFd } from "../linux/fd.js";
import { isStreamSocket } from "../linux/socket.js";
import type { Carrier, Counters } from "./carriers/carrier.js";
import { createHttpCarrier } from "./carriers/http/http-carrier.js";
import { createHttp2Carrier, speaksHttp2 } from "./carriers/http2/http2-carrier.js";
import { listenOn, type NodeServer, type Place } from "./carriers/listen.js";
import { createTcpCarrier, type TcpHooks } from "./carriers/tcp/tcp-carrier.js";
import { SharedTickets } from "./carriers/tls/shared-tickets.js";
import { UdpCarrier } from "./carriers/udp/udp-carrier.js";
import type { AppServer } from "./lifetime/app-servers.js";
import { getRuntime } from "./lifetime/runtime.js";
import { checkHttpInternals } from "./node-internals/check-http.js";
import { openConnection } from "./node-internals/open-connection.js";
import { readsFirst } from "./node-internals/own-connections.js";
import { isTlsServer } from "./node-internals/tls-server.js";

export interface ServeOptions extends Place, Partial<TcpHooks> {
  /** The listener's name in the config, or FileDescriptorName= of the socket unit. Not needed where there is only one. */
  readonly listener?: string;
  /**
   * HTTP connections move although the server did not accept them itself, or another listener reads them first: the app takes
   * one that comes over, at rest between two requests, by the `connection` event like any other.
   */
  readonly anyOrigin?: boolean;
  /**
   * An HTTP connection on which nothing comes for so long, "10s" say, is *dormant* in normal service, too, as one is that has moved: it takes next
   * to no memory, its socket is closed for the app, and the app hears of it by `connection` again when its client speaks. Not under TLS.
   */
  readonly dormantAfter?: string;
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

/**
 * Serves on the inherited listener, or binds `port` or `path` when nobody passes one. Resolves when the server listens;
 * in a candidate that stands by, when it is ready to: it accepts from its activation on. The connections of a
 * `net.Server` move if `save` and `restore` are given. Throws `listener-missing`, `listener-ambiguous`, `duration-invalid`, and what
 * listening emits.
 */
export async function serve(server: NodeServer, options: ServeOptions = {}): Promise<Serving> {
  const runtime = getRuntime();
  const claimed = runtime.claims.take(options.listener, options);
  const appServer = createAppServer(server, claimed.name, (fd) => listenOn(server, fd, options), options);
  await runtime.start(appServer, claimed.fd);
  const { overseer } = runtime;
  return {
    generation: overseer.kind === "holdfast" ? overseer.generation : null,
    worker: overseer.kind === "holdfast" ? overseer.worker : null,
    listener: claimed.name,
    signal: runtime.signal,
    onDrain: (hook) => runtime.onDrain(hook),
    counters: () => appServer.carrier.counters,
  };
}

/** A server as the runtime drives it; `listen` makes it accept. */
export function createAppServer(
  server: NodeServer,
  listener: string,
  listen: AppServer["listen"],
  options: ServeOptions = {},
): AppServer {
  const report = (problem: string): void => getRuntime().report(problem);
  const tickets = isTlsServer(server) ? new SharedTickets(server, listener, report) : undefined;
  const carrier = chooseCarrier(server, listener, options, report);
  return {
    listener,
    carrier,
    server,
    place: options,
    listen,
    probe: (fd) => probe(server, carrier, fd),
    shareTickets: (secret) => tickets?.use(secret),
  };
}

function chooseCarrier(
  server: NodeServer,
  listener: string,
  options: ServeOptions,
  report: (problem: string) => void,
): Carrier {
  if (server instanceof UdpSocket) return new UdpCarrier(server);
  const isHttp2 = speaksHttp2(server);
  if (!isTlsServer(server) && (isHttp2 || speaksHttp1(server))) {
    const why = findObstacle(server, options);
    if (why !== undefined) report(`connections of listener ${listener} only drain at an upgrade: ${why}`);
  }
  const dormantAfterMs = readDormantAfter(server, listener, options, report);
  if (isHttp2) return createHttp2Carrier(server);
  if (speaksHttp1(server)) return createHttpCarrier(server, { ...options, dormantAfterMs, report });
  const { save, restore, dormant = false } = options;
  const hooks = save === undefined || restore === undefined ? undefined : { save, restore, dormant };
  return createTcpCarrier(server, hooks, ({ message }) => report(message));
}

/** Says so where it has no effect. */
function readDormantAfter(
  server: NetServer,
  listener: string,
  { dormantAfter }: ServeOptions,
  report: (problem: string) => void,
): number | undefined {
  if (dormantAfter === undefined) return undefined;
  const parsed = parseDuration(dormantAfter);
  if (!parsed.ok) throw new HoldfastError(parsed.failure.reason, `dormantAfter: ${parsed.failure.message}`);
  if (speaksHttp1(server) && !isTlsServer(server)) return parsed.value;
  report(`dormantAfter has no effect on listener ${listener}: its server is none for HTTP without TLS`);
  return undefined;
}

/** Why connections of a server for HTTP without TLS cannot move, for people. */
function findObstacle(server: NetServer, { anyOrigin = false }: ServeOptions): string | undefined {
  const missing = checkHttpInternals();
  if (missing !== undefined) return `this Node lacks ${missing}`;
  if (anyOrigin || !(server instanceof HttpServer) || readsFirst(server)) return undefined;
  return "something else reads them before the HTTP server does (see `anyOrigin` of serve)";
}

/** A server of node:http or node:https, told without loading the latter. */
function speaksHttp1(server: NetServer): server is HttpServer {
  return server instanceof HttpServer || (isTlsServer(server) && "closeIdleConnections" in server);
}

/**
 * A connection of the daemon's, over which it asks whether this worker answers, in HTTP/2 where the server can: to a TLS
 * server it comes as one whose handshake is done.
 */
function probe(server: NodeServer, carrier: Carrier, fd: number): void {
  if (!(server instanceof NetServer) || !isStreamSocket(fd)) {
    closeFd(fd);
    return;
  }
  const socket = openConnection(fd, undefined);
  carrier.ignoreResponses?.(socket);
  server.emit(isTlsServer(server) ? "secureConnection" : "connection", socket);
}
