import type { ExchangeReason } from "../control/exchange.js";
import { formatDuration } from "../lib/duration.js";
import type { Failure } from "../lib/failure.js";

/** How long a daemon that went away is waited for, and how often the next one is asked for meanwhile. */
export const reconnectMs = 15_000;
export const retryMs = 100;

/** What a daemon's leaving looks like from outside. */
const away: ReadonlySet<string> = new Set<ExchangeReason>(["disconnected", "not-running", "timeout"]);

/** Whether the next daemon may do better. */
export function isAway({ reason }: Failure): boolean {
  return away.has(reason);
}

/** How long a command waits: for a time, and until somebody interrupts it. */
export interface Patience {
  readonly signal: AbortSignal;
  /** Why it is over, as the beginning of a sentence; undefined as long as it lasts. */
  readonly over: () => string | undefined;
  readonly end: () => void;
}

/** Until `end` is called, SIGINT and SIGTERM end the waiting and not the process. No time means for ever. */
export function startPatience(timeoutMs: number | undefined): Patience {
  const controller = new AbortController();
  let over: string | undefined;
  const giveUp = (why: string): void => {
    over ??= why;
    controller.abort();
  };
  const interrupt = (signal: NodeJS.Signals): void => giveUp(`interrupted by ${signal}`);
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => giveUp(`not done within ${formatDuration(timeoutMs)}`), timeoutMs);
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  return {
    signal: controller.signal,
    over: () => over,
    end: () => {
      clearTimeout(timer);
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
    },
  };
}

/** A pause that ends early with the signal. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // Most commands never wait.
  const { setTimeout: delay } = await import("node:timers/promises");
  await delay(ms, undefined, { signal }).catch(() => {});
}

/** Asks again and again until the answer is not undefined; undefined when the patience is over first. */
export async function poll<T>(patience: Patience, ask: () => Promise<T | undefined>): Promise<T | undefined> {
  while (!patience.signal.aborted) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await pause(50, patience.signal);
  }
  return undefined;
}
