import { isDeepStrictEqual } from "node:util";
import {
  activeGeneration,
  findSnapshot,
  type Generation,
  type Retired,
  type State,
  type Upgrade,
} from "./state.js";

type Ran = Pick<Retired, "specification" | "snapshot">;

/** What can be returned to when this generation ends, too. What is started again and again, as restarts do, is kept once. */
export function retire(
  state: State,
  { id, specification, snapshot, version }: Generation,
): readonly Retired[] {
  // Of its own files nothing is left that it could be started from again.
  if (snapshot === null && specification.plan.snapshot) return state.retired;
  const last: Retired = { generation: id, specification, snapshot, version };
  const others = state.retired.filter((one) => !isSame(state, one, last));
  // At the commit two generations are active, and the newer one's config counts.
  const newest = state.generations.findLast(({ stage }) => stage.phase === "active");
  return [...others, last].slice(-(newest?.specification ?? specification).plan.keep);
}

/** For a rollback or a fallback: what is to be started again; null when there is no such thing. */
export function whatToRepeat(state: State, { kind, to }: Pick<Upgrade, "kind" | "to">): Retired | null {
  const { retired } = state;
  if (kind === "fallback") return retired.at(-1) ?? null;
  if (kind !== "rollback") return null;
  // A rollback is a generation of its own, of the same snapshot: both numbers mean it.
  if (to !== null) return retired.findLast((one) => one.generation === to || one.snapshot === to) ?? null;
  const now = activeGeneration(state) ?? retired.at(-1);
  // A restart has only started the same once more.
  const other = retired.findLast((one) => now !== undefined && !isSame(state, one, now));
  return other ?? retired.at(-1) ?? null;
}

/** Whether it is the same config and the same release, untouched in between. */
export function isSame(state: State, one: Ran, other: Ran): boolean {
  const mark = findSnapshot(state, one.snapshot)?.fingerprint ?? null;
  const otherMark = findSnapshot(state, other.snapshot)?.fingerprint ?? null;
  const sameFiles = one.snapshot === other.snapshot || (mark !== null && mark === otherMark);
  return sameFiles && isDeepStrictEqual(one.specification, other.specification);
}
