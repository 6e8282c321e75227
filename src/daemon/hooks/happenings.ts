import type { ModelFailure } from "../../model/failure.js";
import { findGeneration } from "../../model/find.js";
import type { HookEvent } from "../../model/plan.js";
import { whereToGoBack } from "../../model/retired.js";
import type { State } from "../../model/state.js";
import type { Outcome } from "../../model/upgrade-state.js";

/** Something that hooks are for. */
export interface Happening {
  readonly event: HookEvent;
  /** The one that brought the generation; null where it is not known any more. */
  readonly upgrade: number | null;
  readonly kind: Outcome["kind"] | null;
  /** Whom it is about; null for an upgrade that failed before it had a generation. */
  readonly generation: number | null;
  /** `rejected`, `rolled-back`: the generation that is gone back to; null: there is no way back. */
  readonly to: number | null;
  readonly failure: ModelFailure | null;
}

/** What has happened between two states, the first one first. Each is found once: it is in the later state, and not in the earlier. */
export function findHappenings(before: State, after: State): readonly Happening[] {
  return [...ofOutcomes(before, after), ...ofRollback(before, after)];
}

function ofOutcomes(before: State, after: State): readonly Happening[] {
  const happenings: Happening[] = [];
  for (const outcome of after.outcomes) {
    const { upgrade, kind, generation, failure, verdict } = outcome;
    const earlier = before.outcomes.find((one) => one.upgrade === upgrade);
    const about = { upgrade, kind, generation, to: null };
    if (earlier === undefined) {
      const event = failure === null ? "upgraded" : "upgrade-failed";
      happenings.push({ event, ...about, failure });
    }
    if (verdict?.kind === "proved" && earlier?.verdict?.kind !== "proved") {
      happenings.push({ event: "proved", ...about, failure: null });
    }
    const bad = rejectionIn(outcome);
    if (bad === null || generation === null || isRejected(earlier)) continue;
    // With `hold` the upgrade was done, and the failed trial is an upgrade of its own.
    if (happenings.some((one) => one.event === "rejected" && one.generation === generation)) continue;
    happenings.push({ event: "rejected", ...about, to: wayFrom(after, generation), failure: bad });
  }
  return happenings;
}

function ofRollback({ rolledBack: earlier }: State, { rolledBack, outcomes }: State): readonly Happening[] {
  if (rolledBack === null || (rolledBack.from === earlier?.from && rolledBack.to === earlier.to)) return [];
  const { from, to, failure } = rolledBack;
  const brought = outcomes.find(({ generation }) => generation === from);
  const { upgrade = null, kind = null } = brought ?? {};
  return [{ event: "rolled-back", upgrade, kind, generation: from, to, failure }];
}

const byJudge: ReadonlySet<ModelFailure["reason"]> = new Set(["trial-failed", "probation-failed"]);

/** Why a judge found the generation bad, in its trial or after it. */
function rejectionIn({ failure, verdict }: Outcome): ModelFailure | null {
  const bad = verdict?.kind === "rejected" ? verdict.failure : failure;
  return bad !== null && byJudge.has(bad.reason) ? bad : null;
}

function isRejected(outcome: Outcome | undefined): boolean {
  return outcome !== undefined && rejectionIn(outcome) !== null;
}

function wayFrom(state: State, id: number): number | null {
  const active = state.generations.find(({ stage }) => stage.phase === "active");
  if (active !== undefined && active.id !== id) return active.id;
  const rejected = findGeneration(state, id);
  if (rejected?.stage.phase !== "active") return null;
  const { proof } = rejected.stage;
  const leaves = proof.kind === "rejected" && proof.retryAt !== null;
  return leaves ? (whereToGoBack(state, rejected)?.generation ?? null) : null;
}
