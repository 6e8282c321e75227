import { formatDuration } from "../lib/duration.js";
import { undecided, type Verdict } from "./verdict.js";

/** What can be seen of who takes connections. */
export interface Acceptance {
  /** Whether the new version's own counters say that it has accepted a connection. */
  readonly acceptedByNew: boolean;
  /** Who accepted a connection of the daemon's own; `unknown` where that cannot be seen, `nobody` as long as it waits. */
  readonly probesAnsweredBy: "new" | "old" | "nobody" | "unknown";
  /** Connections that wait to be accepted; null where that cannot be seen. */
  readonly queued: number | null;
  /** Since when connections have waited and none of them was taken. */
  readonly stillForMs: number;
  /** Whether only the new version is left to take connections. */
  readonly alone: boolean;
}

/** `seen`: it takes connections. `blind`: nothing can be seen here, and `why` says so; nobody may hold that against the version. */
export type AcceptanceVerdict =
  | Verdict
  | { readonly verdict: "seen" }
  | { readonly verdict: "blind"; readonly why: string };

const stillAfterMs = 2_000;

/** Bad when clients wait, only the new version is left, and it has taken none of them for 2 s, whatever it did before. */
export function judgeAccepts(seen: Acceptance): AcceptanceVerdict {
  const { queued, stillForMs } = seen;
  if (seen.alone && queued !== null && queued > 0 && stillForMs >= stillAfterMs) {
    const waiting = queued === 1 ? "a connection waits" : `${queued} connections wait`;
    return {
      verdict: "bad",
      why: `${waiting}, and none has been accepted for ${formatDuration(stillForMs)}`,
    };
  }
  if (seen.acceptedByNew || seen.probesAnsweredBy === "new") return { verdict: "seen" };
  if (queued === null && seen.probesAnsweredBy === "unknown") {
    return { verdict: "blind", why: "neither who accepts connections nor how many wait can be seen here" };
  }
  return undecided;
}
