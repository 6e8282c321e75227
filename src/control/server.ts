import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { HoldfastError } from "../lib/failure.js";
import { callWhenOver } from "../lib/late-timer.js";
import type { News } from "../model/event.js";
import type { Asker } from "../model/upgrade-state.js";
import { instanceHeader } from "./exchange.js";
import type { ControlPort, Submission } from "./port.js";
import { formatRefusal, sendJson, sendMetrics, sendRefusal } from "./respond.js";
import { findRoute, progressPath, type Refusal, type Route } from "./routes.js";
import { streamEvents, streamUpgrade } from "./stream.js";
import type { Wait } from "./upgrade-wish.js";

export interface Peer {
  readonly uid: number;
  /** All of its groups. */
  readonly gids: readonly number[];
}

/** To look at the service, or to act on it, too. */
export type Right = "look" | "act";

export interface ControlServerOptions {
  /** Of the service. A request that means another one is refused. */
  readonly name: string;
  /** Who is at the other end of a connection; undefined when that cannot be told. unix(7) SO_PEERCRED, SO_PEERGROUPS. */
  readonly peerOf: (socket: Socket) => Peer | undefined;
  /** What it may do; undefined: nothing. */
  readonly rightOf: (peer: Peer) => Right | undefined;
  /** Whether the client at the other end has closed the connection, which may not have been read yet. */
  readonly hasLeft: (socket: Socket) => boolean;
  /** How long a client may take to send its request; 5 s unless told. */
  readonly requestTimeoutMs?: number;
}

export interface ControlServer {
  /** Starts to answer. An fd is the server's from then on: `close` closes it. Rejects when it cannot be listened on. */
  listen(where: { readonly fd: number } | { readonly path: string }): Promise<void>;
  /** Stops at once: open streams are cut. */
  close(): Promise<void>;
}

const headLimitBytes = 8 * 1024;
const bodyLimitBytes = 1024;
const connectionLimit = 64;
/** Node looks for overdue requests on a timer of its own, which would wake an idle daemon; setTimeout's longest. */
const neverMs = 2 ** 31 - 1;

/** HTTP/JSON for the CLI and curl. Whatever is sent to it, it holds bounded memory and asks the port nothing it does not know. */
export function createControlServer(port: ControlPort, options: ControlServerOptions): ControlServer {
  const deadlines = new WeakMap<Socket, () => void>();
  const server = createServer({
    maxHeaderSize: headLimitBytes,
    headersTimeout: 0,
    requestTimeout: 0,
    connectionsCheckingInterval: neverMs,
    requireHostHeader: false,
  });
  // Requests that were sent without waiting for an answer are not for this server.
  server.maxRequestsPerSocket = 1;
  server.maxConnections = connectionLimit;

  server.on("connection", (socket) => {
    const lift = callWhenOver(options.requestTimeoutMs ?? 5_000, () => socket.destroy());
    deadlines.set(socket, lift);
    socket.once("close", lift);
  });
  server.on("clientError", refuseBytes);
  server.on("request", (request, response) => {
    deadlines.get(request.socket)?.();
    const peer = options.peerOf(request.socket);
    const right = peer === undefined ? undefined : options.rightOf(peer);
    if (peer === undefined || right === undefined) {
      sendRefusal(response, stranger);
      return;
    }
    const refusal = refuseOther(request, options) ?? refuseBody(request);
    const route = refusal ?? findRoute(request.method ?? "", request.url ?? "");
    const answerUnlessLeft = (wanted: Route): void => {
      // It waited for an answer, in vain, and has said so to whoever asked: nothing follows from its request any more.
      if (wanted.kind === "command" && options.hasLeft(request.socket)) request.socket.destroy();
      else answer(port, wanted, response, peer);
    };
    if (route.kind === "refused") sendRefusal(response, route);
    else if (route.kind === "command" && right === "look") sendRefusal(response, viewer);
    else if (route.kind === "command" && route.wish.reload) afterSignals(() => answerUnlessLeft(route));
    else answerUnlessLeft(route);
  });

  return {
    listen: (where) =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(where, () => {
          server.off("error", reject);
          resolve();
        });
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(port: ControlPort, route: Route, response: ServerResponse, peer: Peer): void {
  switch (route.kind) {
    case "status":
      answerStatus(port, response);
      return;
    case "version": {
      const { name, version, pid, reexecFailed } = port.report();
      sendJson(response, 200, { name, version, pid, reexecFailed });
      return;
    }
    case "history":
      sendJson(response, 200, { history: port.history() });
      return;
    case "changes":
      answerChanges(port, response);
      return;
    case "metrics":
      answerMetrics(port, response);
      return;
    case "events":
      streamEvents(port, response);
      return;
    case "command":
      submit(port, route, response, peer);
      return;
    case "progress":
      answerProgress(port, route.upgrade, route.wait, response);
      return;
    default:
      route satisfies never;
  }
}

/**
 * A signal that was sent before a request was is heard before it is answered. libuv takes signals last of all that one look at the world
 * has shown, and this request may be of the look before.
 */
function afterSignals(then: () => void): void {
  setImmediate(() => setImmediate(then));
}

/** With what is known, where nobody can be asked for more. */
function answerStatus(port: ControlPort, response: ServerResponse): void {
  const tell = (): void => sendJson(response, 200, port.report());
  port.refresh().then(tell, tell);
}

function answerChanges(port: ControlPort, response: ServerResponse): void {
  const tell = (changes: Awaited<ReturnType<ControlPort["changes"]>>): void => {
    if (changes.ok) sendJson(response, 200, changes.value);
    else sendRefusal(response, { kind: "refused", status: 409, failure: changes.failure });
  };
  port.changes().then(tell, () => response.destroy());
}

function answerMetrics(port: ControlPort, response: ServerResponse): void {
  const tell = (): void => sendMetrics(response, port.metrics());
  port.recount().then(tell, tell);
}

function submit(
  port: ControlPort,
  { command, wait, wish }: Extract<Route, { kind: "command" }>,
  response: ServerResponse,
  peer: Peer,
): void {
  const early: News[] = [];
  const unsubscribe = port.subscribe((news) => early.push(news));
  // ExecReload= runs as the service's user; nobody else's word is taken for it.
  const own = peer.uid === process.getuid?.();
  const by: Asker = wish.reload && own ? { kind: "reload" } : { kind: "user", uid: peer.uid };
  const begun = by.kind === "reload" && command === "upgrade" ? port.takeReload() : null;
  const submission: Submission =
    begun === null ? port.submit(command, wish, by) : { accepted: true, upgrade: begun };
  unsubscribe();
  if (!submission.accepted) {
    sendRefusal(response, { kind: "refused", status: 409, failure: submission.failure });
    return;
  }
  const { upgrade } = submission;
  if (upgrade === null && (command === "upgrade" || command === "rollback")) {
    throw new HoldfastError("upgrade-without-id", `the daemon accepted ${command} without an id`);
  }
  if (upgrade === null) sendJson(response, 202, { accepted: true });
  else if (wait !== null) streamUpgrade(port, upgrade, response, wait, early);
  else sendJson(response, 202, { accepted: true, upgrade }, { Location: progressPath(upgrade) });
}

function answerProgress(
  port: ControlPort,
  upgrade: number,
  wait: Wait | null,
  response: ServerResponse,
): void {
  const progress = port.progressOf(upgrade);
  if (progress.phase === "unknown") {
    const message = `no upgrade ${upgrade} is known: it was never asked for, or is too long ago`;
    const failure: Refusal["failure"] = { reason: "upgrade-unknown", message };
    sendRefusal(response, { kind: "refused", status: 404, failure });
  } else if (wait !== null) {
    streamUpgrade(port, upgrade, response, wait);
  } else {
    sendJson(response, 200, progress);
  }
}

const stranger = forbid(
  "only root, the user of the service, and the groups that its config names in [control] may talk to it",
);
const viewer = forbid(
  "you may look at the service, and not act on it: that is for root, its user, and the group control.operators",
);

function forbid(message: string): Refusal {
  return { kind: "refused", status: 403, failure: { reason: "permission-denied", message } };
}

/** Whoever asked may have been led here by a name that is not his to give. */
function refuseOther({ headers }: IncomingMessage, { name }: ControlServerOptions): Refusal | undefined {
  const meant = headers[instanceHeader];
  if (meant === undefined || meant === name) return undefined;
  const message = `this is ${name}, and ${meant} was asked for: what leads here under that name is wrong`;
  return { kind: "refused", status: 409, failure: { reason: "other-instance", message } };
}

/** No request has a use for a body. A small one, as curl may send with `-d ""`, is let pass unread. */
function refuseBody({ headers }: IncomingMessage): Refusal | undefined {
  const small = Number(headers["content-length"] ?? 0) <= bodyLimitBytes;
  if (small && headers["transfer-encoding"] === undefined) return undefined;
  const message = `a request has no body here, or at most one of ${bodyLimitBytes} bytes`;
  return { kind: "refused", status: 413, failure: { reason: "body-too-large", message } };
}

function refuseBytes(error: NodeJS.ErrnoException, socket: Duplex): void {
  // Nothing is put into the middle of an answer that is already under way.
  if (!(socket instanceof Socket) || socket.bytesWritten > 0 || !socket.writable) {
    socket.destroy();
    return;
  }
  const tooLarge = error.code === "HPE_HEADER_OVERFLOW";
  const text = tooLarge
    ? formatRefusal(431, {
        reason: "head-too-large",
        message: `the head of a request may have ${headLimitBytes} bytes`,
      })
    : formatRefusal(400, { reason: "malformed", message: "this is not HTTP/1.1" });
  socket.end(text, () => socket.destroy());
}
