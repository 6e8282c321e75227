import type { AccountReport } from "../../lib/account.js";
import { addCounts, type CounterName, counterNames, nothingCounted } from "../../lib/counters.js";

export type Side = NonNullable<AccountReport["old"]>;

/** Over all listeners; null where none of its workers has told anything. */
export function sumOf({ listeners }: Side): Readonly<Record<CounterName, number>> | null {
  if (listeners === null) return null;
  const sum = { ...nothingCounted };
  for (const one of listeners) for (const name of counterNames) sum[name] = addCounts(sum[name], one[name]);
  return sum;
}

/** `0.8 %` */
export function percent(part: number, whole: number): string {
  return `${Number(((100 * part) / Math.max(1, whole)).toFixed(1))} %`;
}

/** `once`, `3 times` */
export function howOften(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

/** What nobody could tell is not known, and never nothing. */
export function orNotMeasured<T>(value: T | null, format: (value: T) => string): string {
  return value === null ? "not measured" : format(value);
}
