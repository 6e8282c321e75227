import fc from "fast-check";

/** Something that takes input from outside, as it stands in the daemon or a worker. */
export interface Target extends AsyncDisposable {
  /** Feeds what follows from the seed. Rejects with the smallest input found that breaks what is promised. */
  feed(seed: number): Promise<void>;
}

export interface Feed<T> {
  readonly input: fc.Arbitrary<T>;
  /** Inputs that once broke something: each feed begins with them. */
  readonly known?: readonly T[];
  /** Rejects when a promise is broken. */
  readonly attempt: (input: T) => Promise<void>;
  /** Inputs of one seed, besides those that are known. */
  readonly runs: number;
}

/** Shrinking ends after this long, with what it has. */
const patienceMs = 60_000;

export async function feed<T>({ input, known = [], attempt, runs }: Feed<T>, seed: number): Promise<void> {
  await fc.assert(fc.asyncProperty(input, attempt), {
    seed,
    numRuns: known.length + runs,
    examples: known.map((one): [T] => [one]),
    interruptAfterTimeLimit: patienceMs,
    includeErrorInReport: true,
  });
}
