import { readdirSync, readlinkSync } from "node:fs";
import { createServer, connect as netConnect, type Server } from "node:net";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import type { Failure } from "../../../../../src/lib/failure.js";
import type { Carrier, Frozen } from "../../../../../src/worker/carriers/carrier.js";
import { createTcpCarrier, type TcpHooks } from "../../../../../src/worker/carriers/tcp/tcp-carrier.js";

const deadlineMs = 20_000;

/** Resolves when the condition holds; fails with its description after 20 s. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const endsAt = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > endsAt) throw new Error(`waited in vain until ${what}`);
    await delay(2);
  }
}

export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** A connected client whose received bytes are kept. */
export async function connect(port: number, allowHalfOpen = false) {
  const socket = netConnect({ port, host: "127.0.0.1", allowHalfOpen });
  const chunks: Buffer[] = [];
  const seen = { ended: false, closed: false };
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("end", () => {
    seen.ended = true;
  });
  socket.on("close", () => {
    seen.closed = true;
  });
  socket.on("error", () => {});
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  return { socket, seen, received: () => Buffer.concat(chunks) };
}

export interface Side {
  readonly server: Server;
  readonly carrier: Carrier;
  readonly reports: Failure[];
  readonly port: number;
}

/** A listening server with a carrier, whose new connections are restored with nothing saved, like adopted ones. */
export async function startSide(hooks: TcpHooks | undefined, allowHalfOpen = false): Promise<Side> {
  const server = createServer({ allowHalfOpen });
  const reports: Failure[] = [];
  const carrier = createTcpCarrier(server, hooks, (failure) => reports.push(failure));
  server.on("connection", (socket) => hooks?.restore(socket, undefined));
  return { server, carrier, reports, port: await listen(server) };
}

/** What a frozen connection looks like after a journey between two processes. */
export function travel({ fd, meta, input, output }: Frozen): Frozen {
  const copy: Frozen["meta"] = JSON.parse(JSON.stringify(meta));
  return { fd, meta: copy, input: Buffer.from(input), output: Buffer.from(output) };
}

/** Moves what can move from one carrier to the other, on a clean stack; returns how many. */
export async function move(from: Carrier, to: Carrier): Promise<number> {
  await nextTurn();
  const frozen = from.freeze(1_000);
  for (const one of frozen) to.adopt(travel(one));
  return frozen.length;
}

/** Moves until everything is on the other side. */
export async function moveAll(from: Carrier, to: Carrier): Promise<void> {
  const endsAt = performance.now() + deadlineMs;
  while (from.open > 0) {
    if ((await move(from, to)) === 0) await delay(2);
    if (performance.now() > endsAt) throw new Error(`${from.open} connections did not move`);
  }
}

export async function stop(...sides: readonly { server: Server; carrier: Carrier }[]): Promise<void> {
  for (const { server, carrier } of sides) {
    carrier.cut();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

/** Without the files and pipes that Node itself opens and closes when it pleases. */
export function countSockets(): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith("socket:");
    } catch {
      // Of the listing itself, or closed since.
      return false;
    }
  }).length;
}

export function countFds(): number {
  return readdirSync("/proc/self/fd").length;
}
