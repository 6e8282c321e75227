import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server as NetServer, Socket } from "node:net";

/** What of Node is used here and not documented. `checkHttpInternals` tries all of it before anything relies on it. */
export interface HttpParser {
  /** Reads bytes; what it returns is an error or their number. */
  execute(bytes: Buffer): unknown;
  /** Called with each request head, before Node makes a response for it. What it returns goes to the parser: 0 is go on. */
  onIncoming: (request: IncomingMessage, keepAlive: boolean) => unknown;
  /** The request that was read last. */
  incoming: IncomingMessage | null;
}

/** A connection's socket while its server speaks HTTP on it. */
export interface HttpSocket extends Socket {
  /** Null once the socket is upgraded or closed. */
  readonly parser?: HttpParser | null;
  /** The response that is being written, pipelined ones wait behind it. */
  readonly _httpMessage?: ServerResponse | null;
  /** Whether Node stopped reading because too many pipelined responses wait. */
  readonly _paused?: boolean;
}

/** The list that Node's timeouts work from. */
export interface ConnectionsList {
  /** Parsers in the middle of a message, and those that never saw a byte. */
  active(): readonly HttpParser[];
}

/** The one place where the types above are laid over Node's objects. */
export function asHttpSocket(socket: Socket): HttpSocket {
  return socket as HttpSocket;
}

/**
 * The server's connections list, made as `listen` makes it if the server has not listened yet (a connection may be
 * taken in before). Undefined where this Node has none.
 */
export function findConnectionsList(server: NetServer): ConnectionsList | undefined {
  if (readList(server) === undefined) {
    const start = server
      .listeners("listening")
      .find((listener) => listener.name === "setupConnectionsTracking");
    start?.call(server);
  }
  return readList(server);
}

/** The same for all servers of node:http; looking for it anew at each of thousands of connections takes its time. */
let listKey: symbol | undefined;

function readList(server: NetServer): ConnectionsList | undefined {
  listKey ??= Object.getOwnPropertySymbols(server).find(
    ({ description }) => description === "http.server.connections",
  );
  return listKey === undefined ? undefined : Reflect.get(server, listKey);
}

/** Whether Node's parser takes the request for one that asks to upgrade the connection. */
export function asksForUpgrade({ headers }: IncomingMessage): boolean {
  return headers.upgrade !== undefined && /(^|,)\s*upgrade\s*(,|$)/i.test(headers.connection ?? "");
}

/** A response whose head is out and says that it is an event stream: it is not meant to end. */
export function isEventStream(response: ServerResponse): boolean {
  return /^content-type: *text\/event-stream/im.test(String(Reflect.get(response, "_header")));
}

/** Whether the end of a response that is under way is a chunk of its own. */
export function isChunked(response: ServerResponse): boolean {
  return response.chunkedEncoding && !response.writableEnded;
}

/** The last response has been written, and is not on its way to the client yet. */
export function isEnding(socket: Socket): boolean {
  return socket.writableEnded && !socket.writableFinished && !socket.destroyed;
}

const request = Buffer.from("GET / HTTP/1.1\r\n\r\n");
const upgrade = Buffer.from("GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");

/**
 * Shows a new parser a request of which nobody else hears. To Node a new parser is in the middle of a request's head,
 * and `headersTimeout` would answer 408 to a connection that is idle; after a request it is between two. With
 * `askedForUpgrade` it is one after which Node forgives what is no HTTP.
 */
export function pretendRequest(parser: HttpParser, askedForUpgrade = false): void {
  const { onIncoming } = parser;
  parser.onIncoming = () => 0;
  parser.execute(askedForUpgrade ? upgrade : request);
  parser.onIncoming = onIncoming;
  parser.incoming = null;
}

/**
 * The response that is under way says `Connection: close`, if it has not begun. Not with more requests pipelined behind
 * it: their responses must come first.
 */
export function closeAfterResponse(socket: Socket): void {
  const { parser, _httpMessage: response } = asHttpSocket(socket);
  if (response && parser?.incoming === response.req) response.shouldKeepAlive = false;
}

/** What Node tells a connection's socket of when no request has come in time: it answers 408, unless the app has a `clientError`. */
export function requestTimedOut(): Error {
  return Object.assign(new Error("Request timeout"), { code: "ERR_HTTP_REQUEST_TIMEOUT" });
}
