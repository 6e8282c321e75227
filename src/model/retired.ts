import { isDeepStrictEqual } from "node:util";
import type { Specification } from "./plan.js";
import { activeGeneration, type Retired, type State } from "./state.js";

const retiredKept = 3;

/** Keeps what has run last; what is started again and again, as restarts do, is kept once. */
export function retire(retired: readonly Retired[], last: Retired): readonly Retired[] {
  const others = retired.filter(({ specification }) => !isDeepStrictEqual(specification, last.specification));
  return [...others, last].slice(-retiredKept);
}

/** For a rollback: what ran last of all that is not what runs now. A restart has only started the same once more. */
export function whatRanBefore(state: State): Specification | null {
  const now = activeGeneration(state)?.specification;
  const other = state.retired.findLast(({ specification }) => !isDeepStrictEqual(specification, now));
  return (other ?? state.retired.at(-1))?.specification ?? null;
}
