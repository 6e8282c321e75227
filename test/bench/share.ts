import { setTimeout as pause } from "node:timers/promises";
import { ask } from "../harness/process/requests.js";
import { Rig } from "../harness/process/rig.js";
import type { Row } from "./figures.js";

const SHARE = 0.05;
const RATES = [50, 200, 1_000];
const WORKERS = [1, 2];
const MEASURED_MS = 10_000;
/** Until the workers know the rate. */
const SETTLING_MS = 3_000;

/** Which share of new connections the new generation takes in a trial, where 5 % are wanted, by connections a second. */
export async function measureShare(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const workers of WORKERS) for (const rate of RATES) rows.push(await measureRate(workers, rate));
  return rows;
}

async function measureRate(workers: number, rate: number): Promise<Row> {
  const config = `[trial]\ntime = "1m"\nshare = "${100 * SHARE}%"\n`;
  await using rig = new Rig({ workers, native: true, config });
  await rig.manager.startReady();
  rig.release({ version: "2" });
  await rig.upgrade("upgrade", { hold: true });
  const load = new FreshLoad(rig.port, rate);
  // As often as the daemon does it by itself in a trial.
  const asking = setInterval(() => void rig.status(), 1_000);
  await pause(SETTLING_MS);
  const before = { ...load };
  await pause(MEASURED_MS);
  const { byNew, answered } = load;
  clearInterval(asking);
  await load.end();
  const share = (byNew - before.byNew) / (answered - before.answered);
  return {
    what: `${100 * SHARE} % wanted, ${rate} connections/s, ${workers} worker(s) in each generation`,
    figure: `${(100 * share).toFixed(2)} % of ${answered - before.answered} in ${MEASURED_MS / 1_000} s`,
    ...(rate >= 200 ? { goal: "4 to 6 %" } : {}),
  };
}

/** So many connections a second with one request each, at fixed times, whatever the server does. */
class FreshLoad {
  answered = 0;
  byNew = 0;
  readonly #port: number;
  readonly #everyMs: number;
  readonly #timer: NodeJS.Timeout;
  readonly #open = new Set<Promise<void>>();
  #dueAt = performance.now();

  constructor(port: number, rate: number) {
    this.#port = port;
    this.#everyMs = 1_000 / rate;
    this.#timer = setInterval(() => this.#connectDue(), 1);
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
  }

  #connectDue(): void {
    for (; this.#dueAt <= performance.now(); this.#dueAt += this.#everyMs) {
      const asked = this.#ask().finally(() => this.#open.delete(asked));
      this.#open.add(asked);
    }
  }

  async #ask(): Promise<void> {
    const { version } = await ask({ port: this.#port }, "/");
    this.answered += 1;
    if (version === "2") this.byNew += 1;
  }
}
