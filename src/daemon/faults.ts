import { messageOf } from "../lib/failure.js";
import type { Log } from "../log/log.js";

const mostFaults = 20;
const withinMs = 10_000;

/** What this process could not do because of a bug, or an environment that is broken. */
export class Faults {
  readonly #log: Log;
  #times: readonly number[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  /** Tells people, with all that helps to find it. Never throws. */
  report(what: string, error: unknown): void {
    const where = error instanceof Error && error.stack !== undefined ? `:\n${error.stack}` : "";
    const message = `the daemon could not ${what}: ${messageOf(error)}. The workers serve on; please report this, with these lines${where}`;
    try {
      this.#log.write({ level: "error", event: "daemon-fault", message });
    } catch {
      // Nobody is left to be told.
    }
  }

  /** Whether this process may begin anew once more, or goes in circles, and another one may do better. */
  mayBeginAnew(): boolean {
    const now = performance.now();
    this.#times = [...this.#times, now].filter((at) => now - at < withinMs);
    return this.#times.length < mostFaults;
  }
}

/** The last one who hears of what is thrown; else Node would end the process. Returns the way to hear no more. */
export function catchFaults(onFault: (what: string, error: unknown) => void): () => void {
  const thrown = (error: unknown): void => onFault("go on with what it was doing", error);
  process.on("uncaughtException", thrown);
  process.on("unhandledRejection", thrown);
  return () => {
    process.off("uncaughtException", thrown);
    process.off("unhandledRejection", thrown);
  };
}
