import type { Generation, Worker } from "./generation-state.js";
import type { State } from "./state.js";

/**
 * Whether what has changed has to outlive a loss of power: all but what workers tell of themselves, their counts and their status, and
 * what the kernel has shown.
 * What has not changed is the same object in both.
 */
export function lasts(before: State | undefined, after: State): boolean {
  if (before === undefined) return true;
  return (
    differs(before, after, "accounts", "counters", "generations") ||
    someLasts(before.generations, after.generations, generationLasts)
  );
}

function generationLasts(before: Generation, after: Generation): boolean {
  return differs(before, after, "workers") || someLasts(before.workers, after.workers, workerLasts);
}

function workerLasts(before: Worker, after: Worker): boolean {
  return differs(before, after, "status");
}

function someLasts<T>(
  before: readonly T[],
  after: readonly T[],
  itLasts: (before: T, after: T) => boolean,
): boolean {
  if (before === after) return false;
  return (
    before.length !== after.length ||
    after.some((one, at) => {
      const known = before[at];
      return known === undefined || itLasts(known, one);
    })
  );
}

function differs<T extends object>(before: T, after: T, ...but: readonly (keyof T)[]): boolean {
  const skipped: readonly PropertyKey[] = but;
  const compared = Object.keys({ ...before, ...after }).filter((name) => !skipped.includes(name));
  return compared.some((name) => Reflect.get(before, name) !== Reflect.get(after, name));
}
