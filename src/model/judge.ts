import { judgeDeaths } from "../judge/deaths.js";
import { errorDefaults, judgeErrors, type Responses } from "../judge/errors.js";
import { activeGeneration, heldGeneration } from "./find.js";
import type { Generation, Track } from "./generation-state.js";
import type { State } from "./state.js";
import { since, trackOf } from "./track.js";
import type { Turn } from "./turn.js";
import { condemn } from "./verdict.js";

/** With so many responses in the same time the old generation is judged by them alone, and not by all that it ever answered. */
const enoughResponses = 100;

/** Two generations in the time that is looked at. */
interface Compared {
  readonly now: Track;
  readonly windowMs: number;
  /** In all its time; null where there was none in this boot. */
  readonly before: Track | null;
  /** In a time to compare with: at the same time in a trial, its own probation in a probation. */
  readonly likewise: { readonly deaths: number; readonly responses: number; readonly failed: number } | null;
}

/** A worker of the generation that is active has ended by itself, as `how` says. */
export function judgeDeathsOf(turn: Turn, how: string): void {
  const active = activeGeneration(turn.state);
  const compared = active === undefined ? null : compare(turn.state, active, turn.clock.now);
  if (active === undefined || compared === null || !active.specification.plan.judge.deaths) return;
  const { now, windowMs, before, likewise } = compared;
  const old = before === null || before.servedMs <= 0 ? null : { ...before, likewise: likewise?.deaths ?? 0 };
  const verdict = judgeDeaths({ deaths: now.deaths, workers: now.workers, windowMs }, old);
  if (verdict.verdict === "bad") condemn(turn, active.id, `${how} (${verdict.why})`);
}

/** Workers have told what they counted. */
export function judgeErrorsOf(turn: Turn): void {
  const active = activeGeneration(turn.state);
  const compared = active === undefined ? null : compare(turn.state, active, turn.clock.now);
  const margin = active?.specification.plan.judge.errors ?? null;
  if (active === undefined || compared === null || margin === null) return;
  const verdict = judgeErrors(compared.now, oldResponses(compared), { ...errorDefaults, margin });
  if (verdict.verdict === "bad") condemn(turn, active.id, verdict.why);
}

function oldResponses({ before, likewise }: Compared): Responses | null {
  if (before === null) return null;
  return likewise !== null && likewise.responses >= enoughResponses ? { ...before, ...likewise } : before;
}

/** Null for a generation that is not judged. */
export function compare(state: State, active: Generation, now: number): Compared | null {
  const { stage } = active;
  if (stage.phase !== "active") return null;
  const { proof } = stage;
  const track = trackOf(state, active, now);
  if (proof.kind === "trial") {
    const held = heldGeneration(state);
    const before = held === undefined ? proof.before : trackOf(state, held, now);
    const windowMs = proof.until === null ? now - proof.since : proof.until - proof.since;
    return { now: track, windowMs, before, likewise: since(before, proof.before) };
  }
  if (proof.kind !== "probation") return null;
  const { before, own } = proof;
  const likewise = before === null ? null : { ...before, deaths: before.probationDeaths, responses: 0 };
  const windowMs = active.specification.plan.probation.timeMs;
  return { now: since(track, own), windowMs, before, likewise };
}
