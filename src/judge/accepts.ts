import { formatDuration } from "../lib/duration.js";
import { undecided, type Verdict } from "./verdict.js";

/** The queue of a listener that nobody but the new version accepts from. */
export interface Waiting {
  /** Connections that wait to be accepted. */
  readonly queued: number;
  /** Since when connections have waited and none of them was taken. */
  readonly stillForMs: number;
}

const stillAfterMs = 2_000;

/** Bad when clients wait, and none of them has been taken for 2 s, whatever the version did before. */
export function judgeAccepts({ queued, stillForMs }: Waiting): Verdict {
  if (queued === 0 || stillForMs < stillAfterMs) return undecided;
  const waiting = queued === 1 ? "a connection waits" : `${queued} connections wait`;
  return { verdict: "bad", why: `${waiting}, and none has been accepted for ${formatDuration(stillForMs)}` };
}
