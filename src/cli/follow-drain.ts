import type { ControlClient } from "../control/client.js";
import type { GenerationReport } from "../control/replies.js";
import { sumOver } from "./format-status.js";
import { pause } from "./patience.js";
import { say } from "./print.js";

const pollMs = 300;

/**
 * Shows on a terminal, in one line that is written over, how the old generations hand over and drain, until they have
 * ended or `signal` says that nobody wants to see it. For people only: the upgrade is done already.
 */
export async function followDrain(client: ControlClient, signal: AbortSignal): Promise<void> {
  let shown = "";
  while (!signal.aborted) {
    const status = await client.status();
    const draining = status.ok ? status.value.generations.filter(({ phase }) => phase === "draining") : [];
    if (draining.length === 0) break;
    shown = draining.map(describe).join("; ");
    process.stdout.write(`\r\x1b[K${shown}`);
    await pause(pollMs, signal).catch(() => {});
  }
  if (shown === "") return;
  process.stdout.write("\r\x1b[K");
  say(signal.aborted ? `${shown}; it goes on` : "the old generation has ended");
}

function describe({ id, workers, counters }: GenerationReport): string {
  const left = `generation ${id} drains: `;
  if (counters === null) return `${left}${workers.length} worker(s) left`;
  const servers = workers.flatMap((worker) => worker.servers);
  const { moved, finished, cut } = counters;
  return `${left}${moved} connections moved, ${finished} finished, ${cut} cut, ${sumOver(servers, "open")} left (${sumOver(servers, "inFlight")} busy)`;
}
