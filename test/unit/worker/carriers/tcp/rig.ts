import { createServer, connect as netConnect, type Server, type Socket } from "node:net";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import type { Failure } from "../../../../../src/lib/failure.js";
import type { Carrier, Frozen } from "../../../../../src/worker/carriers/carrier.js";
import { createTcpCarrier, type TcpHooks } from "../../../../../src/worker/carriers/tcp/tcp-carrier.js";
import { DEADLINE_MS, waitUntil } from "../../../../harness/container/wait-until.js";
import { listFds } from "../../../../harness/process/open-fds.js";
import { endedAfterEach, keeping } from "../ended-after-each.js";

/** Resolves when the condition holds, which within this process is soon. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  await waitUntil(what, DEADLINE_MS, condition, 1);
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
  const endsAt = performance.now() + DEADLINE_MS;
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
  return listFds("self").filter((name) => name.startsWith("socket:")).length;
}

/** Servers and clients of the tests of a file, ended after each of them. */
export function partners() {
  const clients = endedAfterEach<Socket>((all) => {
    for (const client of all) client.destroy();
  });
  const sides = endedAfterEach<Side>((all) => stop(...all));
  const start = keeping(sides, startSide, (side) => side);
  return { sides, start, dial: keeping(clients, connect, ({ socket }) => socket) };
}
