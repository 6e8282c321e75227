import { type Patience, startPatience } from "../patience.js";

/** How long somebody waits who has to clear up before he goes. */
export interface TwoPatiences {
  /** For what goes well without anybody: it ends with the time or the first interruption. */
  readonly waiting: Patience;
  /** For clearing up: it ends with the next interruption. */
  readonly leaving: AbortSignal;
  readonly end: () => void;
}

export function startPatiences(timeoutMs: number | undefined): TwoPatiences {
  const waiting = startPatience(timeoutMs);
  const leaving = new AbortController();
  let last: Patience | undefined;
  waiting.signal.addEventListener("abort", () => {
    last = startPatience(undefined);
    last.signal.addEventListener("abort", () => leaving.abort());
  });
  return {
    waiting,
    leaving: leaving.signal,
    end: () => {
      waiting.end();
      last?.end();
    },
  };
}
