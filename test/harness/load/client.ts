/**
 * The load client, a program of its own so that it can run in another network namespace: client.js OPTIONS-AS-JSON.
 * Prints a report as a line of JSON every 50 ms and a last one at the end. A line on standard input, or its end, stops it:
 * no further request is sent, those in flight are waited for.
 */
import { setTimeout as pause } from "node:timers/promises";
import { Connection } from "./connection.js";
import { parseOptions } from "./parse.js";
import type { Kind } from "./report.js";
import { Tally } from "./tally.js";

const REPORT_EVERY_MS = 50;
/** After a loss, so that a server that is gone is not asked a million times. */
const PAUSE_AFTER_LOSS_MS = 20;

const options = parseOptions(process.argv[2] ?? "");
const tally = new Tally();
let stopping = false;

function open(): Connection {
  tally.connect();
  return new Connection(options.address, () => tally.closeIdle());
}

async function ask(kind: Kind, connection: Connection): Promise<void> {
  tally.begin(kind);
  const ending = await connection.request(kind === "slow" ? `/slow?ms=${options.slowMs}` : "/", {
    close: kind !== "keepAlive",
    timeoutMs: options.timeoutMs,
  });
  if (ending.outcome === "ok") return tally.succeed(kind, ending.response.version);
  tally.lose(kind, ending.outcome, ending.why);
  await pause(PAUSE_AFTER_LOSS_MS);
}

async function keepAsking(): Promise<void> {
  let connection = open();
  while (!stopping) {
    if (!connection.isOpen) connection = open();
    await ask("keepAlive", connection);
    await pause(options.pauseMs);
  }
  connection.close();
}

async function askSlowly(): Promise<void> {
  while (!stopping) await ask("slow", open());
}

async function askFresh(): Promise<void> {
  const inFlight = new Set<Promise<void>>();
  const start = performance.now();
  for (let asked = 0; !stopping; asked++) {
    const request = ask("fresh", open()).finally(() => inFlight.delete(request));
    inFlight.add(request);
    const nextMs = ((asked + 1) * 1000) / options.freshPerSecond;
    await pause(Math.max(0, start + nextMs - performance.now()));
  }
  await Promise.all(inFlight);
}

const print = (): void => console.log(JSON.stringify(tally.report()));
const stop = (): void => {
  stopping = true;
};
process.stdin.on("data", stop).on("end", stop);
const end = setTimeout(stop, options.durationMs);
const progress = setInterval(print, REPORT_EVERY_MS);
await Promise.all([
  ...Array.from({ length: options.keepAlive }, keepAsking),
  ...Array.from({ length: options.slow }, askSlowly),
  options.freshPerSecond > 0 ? askFresh() : null,
]);
clearTimeout(end);
clearInterval(progress);
print();
process.stdin.destroy();
