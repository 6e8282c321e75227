import { isDeepStrictEqual } from "node:util";
import { split } from "../lib/split.js";
import type { Monotonic } from "./clock.js";
import { activeGeneration, findSnapshot } from "./find.js";
import type { Generation } from "./generation-state.js";
import { findRejected } from "./rejected.js";
import type { Retired, State } from "./state.js";
import { trackOf } from "./track.js";
import type { Upgrade } from "./upgrade-state.js";

type Ran = Pick<Retired, "specification" | "snapshot">;

/**
 * What can be returned to when this generation ends, too. What is started again and again, as restarts do, is kept once; what was
 * proved last is kept whatever came after it. What a judge has found bad is nothing to return to.
 */
export function retire(state: State, generation: Generation, now: Monotonic): readonly Retired[] {
  const { specification, snapshot } = generation;
  if (findRejected(state, generation)?.by === "judge") return state.retired;
  // Of its own files nothing is left that it could be started from again.
  if (snapshot === null && specification.plan.snapshot) return state.retired;
  const [same, others] = split(state.retired, (one) => isSame(state, one, generation));
  const proved = generation.proved || same.some((one) => one.proved);
  const all = [...others, { ...asRetired(state, generation, now), proved }];
  // At the commit two generations are active, and the newer one's config counts.
  const newest = state.generations.findLast(({ stage }) => stage.phase === "active");
  const { keep } = (newest?.specification ?? specification).plan;
  const kept = all.slice(-keep);
  const good = all.findLast((one) => isGood(state, one));
  return good === undefined || kept.includes(good) ? kept : [good, ...kept.slice(1)];
}

/** For a rollback or a fallback: what is to be started again; null when there is no such thing. */
export function whatToRepeat(state: State, { kind, to }: Pick<Upgrade, "kind" | "to">): Retired | null {
  const { retired } = state;
  const active = activeGeneration(state);
  if (kind === "fallback") return instead(state, active);
  if (kind !== "rollback") return null;
  // A rollback is a generation of its own, of the same snapshot: both numbers mean it.
  if (to !== null) return retired.findLast((one) => one.generation === to || one.snapshot === to) ?? null;
  const allowed = retired.filter((one) => findRejected(state, one) === undefined);
  const others = allowed.filter((one) => isAnother(state, one));
  return others.findLast(({ proved }) => proved) ?? others.at(-1) ?? allowed.at(-1) ?? null;
}

/** What a rollback that names no generation leaves aside, newer than where it goes: it never had the time to prove itself. */
export function passedOver(state: State): readonly Retired[] {
  const target = whatToRepeat(state, { kind: "rollback", to: null });
  const newer = target === null ? [] : state.retired.slice(state.retired.indexOf(target) + 1);
  return newer.filter((one) => isAnother(state, one) && findRejected(state, one) === undefined);
}

/** Whether it is another release or config than what serves: a restart has only started the same once more. */
function isAnother(state: State, one: Retired): boolean {
  const now = activeGeneration(state) ?? state.retired.at(-1);
  return now !== undefined && !isSame(state, one, now);
}

/** What is started where the release on the disk is not to be: what serves, unless it is bad itself, or what was proved last. */
function instead(state: State, active: Generation | undefined): Retired | null {
  if (active !== undefined && findRejected(state, active) === undefined) return asRetired(state, active, 0);
  const lastGood = state.retired.findLast((one) => isGood(state, one));
  return lastGood ?? state.retired.at(-1) ?? null;
}

/** What this generation is left for when it turns out bad: the last that was proved, and is another one. */
export function whereToGoBack(state: State, from: Ran): Retired | null {
  const isOther = (one: Retired): boolean => isGood(state, one) && !isSame(state, one, from);
  return state.retired.findLast(isOther) ?? null;
}

/** Whether it serves what has proved itself before, in whichever generation. */
export function hasProved(state: State, ran: Ran): boolean {
  const all = [...state.retired, ...state.generations];
  return all.some((one) => isGood(state, one) && isSame(state, one, ran));
}

/** Whether it is the same config and the same release, untouched in between. */
export function isSame(state: State, one: Ran, other: Ran): boolean {
  const mark = findSnapshot(state, one.snapshot)?.fingerprint ?? null;
  const otherMark = findSnapshot(state, other.snapshot)?.fingerprint ?? null;
  const sameFiles = one.snapshot === other.snapshot || (mark !== null && mark === otherMark);
  return sameFiles && isDeepStrictEqual(one.specification, other.specification);
}

function isGood(state: State, one: Ran & Pick<Retired, "proved">): boolean {
  return one.proved && findRejected(state, one) === undefined;
}

function asRetired(state: State, generation: Generation, now: Monotonic): Retired {
  const { id, specification, snapshot, version, commit, proved } = generation;
  return {
    generation: id,
    specification,
    snapshot,
    version,
    commit,
    proved,
    track: trackOf(state, generation, now),
  };
}
