/** What native workers count of connections and requests: from zero, and never back. docs/native-workers.md */
export const nothingCounted = {
  accepted: 0,
  requests: 0,
  moved: 0,
  adopted: 0,
  finished: 0,
  cut: 0,
  /** Responses of HTTP by status: below 400, 4xx, 5xx. */
  ok: 0,
  clientErrors: 0,
  serverErrors: 0,
  /** Responses that the server began and did not bring to their end. */
  aborted: 0,
  /** Of those that are none of the errors of the server: took longer than `judge.slow`. */
  slow: 0,
};

/** What they tell of the present moment. */
export const nothingOpen = { open: 0, inFlight: 0 };

export type CounterName = keyof typeof nothingCounted;
export type GaugeName = keyof typeof nothingOpen;

/** In every schema of counters: what is read may come from a version that did not have them all, so each may be missing. */
export const counterNames: readonly CounterName[] = Object.keys(nothingCounted).filter(
  (name): name is CounterName => name in nothingCounted,
);
export const gaugeNames: readonly GaugeName[] = Object.keys(nothingOpen).filter(
  (name): name is GaugeName => name in nothingOpen,
);

/** What is as much as can be counted exactly stays so. */
export function addCounts(one: number, other: number): number {
  return Math.min(one + other, Number.MAX_SAFE_INTEGER);
}

export type Totals = Readonly<Record<CounterName, number>>;

/** Of both nothing but what is counted. */
export function addTotals(one: Totals, other: Totals): Totals {
  const sum = { ...nothingCounted };
  for (const name of counterNames) sum[name] = addCounts(one[name], other[name]);
  return sum;
}

/** Over what several servers tell. */
export function sumOver<Name extends string>(
  servers: readonly { readonly counters: Readonly<Record<Name, number>> }[],
  name: Name,
): number {
  return servers.reduce((sum, { counters }) => sum + counters[name], 0);
}

type Answers = Readonly<Record<"ok" | "clientErrors" | "serverErrors" | "aborted" | "slow", number>>;

/** Those that a server has begun. */
export function responsesIn({ ok, clientErrors, serverErrors, aborted }: Answers): number {
  return [ok, clientErrors, serverErrors, aborted].reduce(addCounts);
}

/** What counts as failed: errors of the server, cut short, or too slow. */
export function failedIn({ serverErrors, aborted, slow }: Answers): number {
  return [serverErrors, aborted, slow].reduce(addCounts);
}
