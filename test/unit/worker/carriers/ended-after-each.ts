import { afterEach } from "node:test";

/** What is put in here is ended after each test of the file. */
export function endedAfterEach<T>(end: (all: readonly T[]) => unknown): T[] {
  const kept: T[] = [];
  afterEach(async () => {
    await end(kept.splice(0));
  });
  return kept;
}

/** Makes as `make` does, and keeps the `part` of it that has to be ended. */
export function keeping<Args extends unknown[], Made, Part>(
  kept: Part[],
  make: (...args: Args) => Promise<Made>,
  part: (made: Made) => Part,
): (...args: Args) => Promise<Made> {
  return async (...args) => {
    const made = await make(...args);
    kept.push(part(made));
    return made;
  };
}
