/** What the load client is asked to do. Everything is bounded: it stops by itself after `durationMs`. */
export interface LoadOptions {
  /** `host:port` or the absolute path of a unix socket. */
  readonly address: string;
  /** Connections that send one request after the other, `pauseMs` apart. */
  readonly keepAlive: number;
  readonly pauseMs: number;
  /** New connections a second, each with one request and `Connection: close`. */
  readonly freshPerSecond: number;
  /** Requests in flight at any time that the server answers only after `slowMs`, each on a connection of its own. */
  readonly slow: number;
  readonly slowMs: number;
  /** A request without a whole response after so long counts as timed out. */
  readonly timeoutMs: number;
  readonly durationMs: number;
}

/**
 * How one request ended, or why it was lost:
 * - `refused`: no connection (ECONNREFUSED, no such unix socket, its backlog full);
 * - `reset`: an error on the connection before the first byte of the response;
 * - `cut`: the connection ended in the middle of the response, or on a new connection before its first byte;
 * - `lostOnReuse`: sent on a kept-alive connection that the server closed at the same time, no byte of response;
 * - `bad`: not HTTP/1.1 that we understand, or a status other than 200;
 * - `timedOut`: none of these within the time limit.
 */
export const OUTCOMES = ["ok", "refused", "reset", "cut", "lostOnReuse", "bad", "timedOut"] as const;
export type Outcome = (typeof OUTCOMES)[number];
export type Loss = Exclude<Outcome, "ok">;

export const KINDS = ["keepAlive", "fresh", "slow"] as const;
export type Kind = (typeof KINDS)[number];

/** `requests` is the sum of the outcomes and of the requests still in flight (none in a final report). */
export type Counts = { requests: number } & Record<Outcome, number>;

/** Responses of one version of the server (its `x-version` header), and when, in ms since the client's start. */
export interface VersionSeen {
  responses: number;
  firstMs: number;
  lastMs: number;
}

export interface LoadReport extends Counts {
  /** The same counts by kind of request. */
  kinds: Record<Kind, Counts>;
  /** Connections opened. */
  connections: number;
  /** Kept-alive connections that the server closed while no request was outstanding. No loss. */
  idleClosed: number;
  versions: Record<string, VersionSeen>;
  /** The longest time between two good responses, of whatever kind. */
  longestGapMs: number;
  elapsedMs: number;
  /** The first losses in words, to explain a failed test. */
  losses: string[];
}

/** How many requests were lost, in whatever way; those still in flight are not. */
export function countLost(counts: Counts): number {
  return counts.refused + counts.reset + counts.cut + counts.lostOnReuse + counts.bad + counts.timedOut;
}
