/** What may be accepted: a token a connection. It may be overdrawn by the last one, so that a share of a token is a chance, too. */
export interface Bucket {
  readonly tokens: number;
  /** Tokens a second. */
  readonly perSecond: number;
  /** When `tokens` was true. */
  readonly atMs: number;
}

/** Nobody gets more at once than comes in a second, or one. */
export function fill(bucket: Bucket, nowMs: number): Bucket {
  const { tokens, perSecond, atMs } = bucket;
  const most = Math.max(1, perSecond, tokens);
  return { perSecond, tokens: Math.min(most, tokens + (perSecond * (nowMs - atMs)) / 1_000), atMs: nowMs };
}

/** Whoever has anything left gets one. */
export function take(bucket: Bucket): Bucket {
  return { ...bucket, tokens: bucket.tokens - 1 };
}

export function isEmpty({ tokens }: Bucket): boolean {
  return tokens <= 0;
}

/** Until it is not empty; infinite where nothing comes. */
export function untilFilledMs({ tokens, perSecond }: Bucket): number {
  return tokens > 0 ? 0 : perSecond > 0 ? (-tokens / perSecond) * 1_000 : Number.POSITIVE_INFINITY;
}
