/**
 * The load client, a program: client.js OPTIONS-AS-JSON. See client-program.ts.
 */
import { setTimeout as pause } from "node:timers/promises";
import { runClient } from "./client-program.js";
import { Connection } from "./connection.js";
import { parseOptions } from "./parse.js";
import type { Kind } from "./report.js";
import { Tally } from "./tally.js";

/** After a loss, so that a server that is gone is not asked a million times. */
const PAUSE_AFTER_LOSS_MS = 20;

const options = parseOptions(process.argv[2] ?? "");
const tally = new Tally();

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

async function keepAsking(stopping: () => boolean): Promise<void> {
  let connection = open();
  while (!stopping()) {
    if (!connection.isOpen) connection = open();
    await ask("keepAlive", connection);
    await pause(options.pauseMs);
  }
  connection.close();
}

async function askSlowly(stopping: () => boolean): Promise<void> {
  while (!stopping()) await ask("slow", open());
}

async function askFresh(stopping: () => boolean): Promise<void> {
  const inFlight = new Set<Promise<void>>();
  const start = performance.now();
  for (let asked = 0; !stopping(); asked++) {
    const request = ask("fresh", open()).finally(() => inFlight.delete(request));
    inFlight.add(request);
    const nextMs = ((asked + 1) * 1000) / options.freshPerSecond;
    await pause(Math.max(0, start + nextMs - performance.now()));
  }
  await Promise.all(inFlight);
}

await runClient(
  options.durationMs,
  () => tally.report(),
  (stopping) =>
    Promise.all([
      ...Array.from({ length: options.keepAlive }, () => keepAsking(stopping)),
      ...Array.from({ length: options.slow }, () => askSlowly(stopping)),
      options.freshPerSecond > 0 ? askFresh(stopping) : null,
    ]),
);
