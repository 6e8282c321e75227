/**
 * visitors.js ADDRESS WEBSOCKETS: the visitors of a site, so many of them over WebSockets. Prints an empty visit when all have come. A line on standard input makes the idle
 * ones send their second request; then nobody sends any more, and what all have seen is printed.
 */
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { WebSocket } from "ws";
import { monotonicMs } from "../../../src/linux/boot.js";
import { Connection } from "../../harness/load/connection.js";
import { STALL_MS, VISITORS, type Visit } from "./visit.js";

const PAUSE_AFTER_LOSS_MS = 20;

const address = process.argv[2] ?? "";
const webSockets = Number(process.argv[3]);
const visit: Visit = {
  startedAtMs: monotonicMs(),
  endedAtMs: 0,
  responses: [],
  lost: [],
  reopened: [],
  dropped: [],
  stalls: [],
};
let stopping = false;

const open = () => new Connection(address, () => {});

async function ask(connection: Connection, kind: "busy" | "new" | "slow" | "idle"): Promise<boolean> {
  const askedAtMs = monotonicMs();
  const path = kind === "slow" ? `/slow?ms=${VISITORS.slowMs}` : "/";
  const close = kind === "slow" || kind === "new";
  const ending = await connection.request(path, { close, timeoutMs: VISITORS.timeoutMs });
  const now = monotonicMs();
  if (ending.outcome === "ok") {
    visit.responses.push([now, ending.response.version, kind === "slow" ? null : now - askedAtMs]);
    return true;
  }
  visit.lost.push([now, `${kind}: ${ending.outcome}: ${ending.why}`]);
  await pause(PAUSE_AFTER_LOSS_MS);
  return false;
}

/** The connection itself, or another one where the server has closed it after the last answer. */
function reuse(connection: Connection, answered: boolean): Connection {
  if (connection.isOpen) return connection;
  if (answered) visit.reopened.push(monotonicMs());
  return open();
}

async function keepAsking(at: number): Promise<void> {
  await pause((at * VISITORS.pauseMs) / VISITORS.busy);
  let connection = open();
  while (!stopping) {
    const answered = await ask(connection, "busy");
    await pause(VISITORS.pauseMs);
    if (!stopping) connection = reuse(connection, answered);
  }
}

async function askSlowly(at: number): Promise<void> {
  await pause((at * VISITORS.slowMs) / VISITORS.slow);
  while (!stopping) await ask(open(), "slow");
}

async function askAnew(): Promise<void> {
  const begun = performance.now();
  const inFlight = new Set<Promise<unknown>>();
  for (let asked = 1; !stopping; asked++) {
    const request = ask(open(), "new").finally(() => inFlight.delete(request));
    inFlight.add(request);
    await pause(Math.max(0, begun + (asked * 1000) / VISITORS.freshPerSecond - performance.now()));
  }
  await Promise.all(inFlight);
}

async function talk(): Promise<void> {
  const ws = new WebSocket(`ws://${address}/talk`);
  ws.on("error", () => {}); // `close` follows
  await once(ws, "open");
  const timer = setInterval(() => ws.send("hello"), VISITORS.messageEveryMs);
  ws.on("close", () => {
    clearInterval(timer);
    if (!stopping) visit.dropped.push(monotonicMs());
  });
}

function watchOwnLoop(): void {
  let dueAtMs = monotonicMs() + STALL_MS;
  setInterval(() => {
    const now = monotonicMs();
    if (now - dueAtMs > STALL_MS) visit.stalls.push([now, now - dueAtMs]);
    dueAtMs = now + STALL_MS;
  }, STALL_MS);
}

/** They are told their place, so that they need not all come at the same moment. */
const many = <T>(count: number, start: (at: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => start(at));

const idle = many(VISITORS.idle, open);
const wereAnswered = await Promise.all(idle.map((connection) => ask(connection, "idle")));
await Promise.all(many(webSockets, talk));
watchOwnLoop();
visit.responses.length = 0;
console.log(JSON.stringify(visit));
const visitors = [...many(VISITORS.busy, keepAsking), ...many(VISITORS.slow, askSlowly), askAnew()];
process.stdin.once("data", async () => {
  await Promise.all(idle.map((connection, at) => ask(reuse(connection, wereAnswered[at] === true), "idle")));
  stopping = true;
  visit.endedAtMs = monotonicMs();
  await Promise.all(visitors);
  process.stdout.write(`${JSON.stringify(visit)}\n`, () => process.exit());
});
