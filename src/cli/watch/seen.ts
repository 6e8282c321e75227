import { formatDuration } from "../../lib/duration.js";
import type { Watched } from "./watched.js";

/** What a page shows of an instance. */
export type Seen = Pick<Watched, "name" | "report" | "failure" | "lostAt" | "heard" | "rates">;

/** When it is shown. */
export interface Moment {
  /** Milliseconds since the epoch. */
  readonly wall: number;
  /** Of `performance.now`. */
  readonly monotonic: number;
}

/** In whole seconds: parts of one would be too fast to be read. */
export function formatAge(ms: number): string {
  return formatDuration(Math.floor(ms / 1_000) * 1_000);
}
