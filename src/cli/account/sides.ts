import type { AccountReport } from "../../lib/account.js";
import { addTotals, nothingCounted, type Totals } from "../../lib/counters.js";

export type Side = NonNullable<AccountReport["old"]>;

/** Over all listeners; null where none of its workers has told anything. */
export function sumOf({ listeners }: Side): Totals | null {
  return listeners?.reduce<Totals>(addTotals, nothingCounted) ?? null;
}

/** What nobody could tell is not known, and never nothing. */
export function orNotMeasured<T>(value: T | null, format: (value: T) => string): string {
  return value === null ? "not measured" : format(value);
}
