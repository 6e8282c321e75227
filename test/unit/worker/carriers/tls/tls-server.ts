import { once } from "node:events";
import { type ConnectionOptions, connect, createServer, type Server, type TlsOptions } from "node:tls";
import { SharedTickets } from "../../../../../src/worker/carriers/tls/shared-tickets.js";
import { certificate } from "../http/certificate.js";
import { deadline } from "../http/deadline.js";

export interface TlsGeneration extends AsyncDisposable {
  readonly server: Server;
  readonly port: number;
  readonly tickets: SharedTickets;
  readonly problems: readonly string[];
}

export interface GenerationOptions {
  /** Undefined: its tickets are its own. */
  readonly secret?: Buffer;
  readonly listener?: string;
  readonly tls?: TlsOptions;
}

let releases = 0;

/** A server as one generation starts it: each from another path, of which Node makes the session id context. */
export async function startGeneration(options: GenerationOptions): Promise<TlsGeneration> {
  const { secret, listener = "https", tls } = options;
  releases += 1;
  const context = { sessionIdContext: `/releases/${releases}` };
  const server = createServer({ ...certificate, ...context, ...tls }, (socket) => {
    socket.on("error", () => undefined);
    socket.end(`authorized ${socket.authorized}`);
  });
  const problems: string[] = [];
  const tickets = new SharedTickets(server, listener, (problem) => problems.push(problem));
  if (secret !== undefined) tickets.use(secret);
  server.listen(0, "127.0.0.1");
  await deadline("to listen", once(server, "listening"));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    server,
    port: address.port,
    tickets,
    problems,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      await deadline("a closed server", closed);
    },
  };
}

export interface Visit {
  readonly session: Buffer;
  readonly reused: boolean;
  readonly said: string;
}

/** One connection, and the session that its server gave last. */
export async function visit(port: number, options: ConnectionOptions): Promise<Visit> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
  let session = Buffer.alloc(0);
  let said = "";
  socket.on("session", (given) => {
    session = given;
  });
  socket.setEncoding("utf8").on("data", (text) => {
    said += text;
  });
  const closed = once(socket, "close");
  await deadline("the handshake", once(socket, "secureConnect"));
  const reused = socket.isSessionReused();
  await deadline("the end", closed);
  return { session, reused, said };
}

/** Whether the second server takes a session that the first one has given. */
export async function resumes(
  from: TlsGeneration,
  to: TlsGeneration,
  options: ConnectionOptions = {},
): Promise<boolean> {
  const { session } = await visit(from.port, options);
  return (await visit(to.port, { ...options, session })).reused;
}
