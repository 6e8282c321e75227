import type { ProofReport } from "../../control/port.js";
import type { Monotonic } from "../../model/clock.js";
import type { Generation, Track } from "../../model/generation-state.js";
import { compare } from "../../model/judge.js";
import type { State } from "../../model/state.js";

/** How far a generation that is active has proved itself, with the numbers that the judges look at. */
export function reportProof(
  state: State,
  generation: Generation,
  now: Monotonic,
  measured: number | null,
): ProofReport | null {
  const { stage, specification } = generation;
  const wanted = specification.plan.trial.share;
  if (stage.phase !== "active") return null;
  const { proof } = stage;
  const until = proof.kind === "trial" || proof.kind === "probation" ? proof.until : null;
  const compared = compare(state, generation, now);
  return {
    kind: proof.kind,
    leftMs: until === null ? null : Math.max(0, until - now),
    failure: proof.kind === "rejected" ? proof.failure : null,
    now: compared === null ? null : numbersOf(compared.now),
    before: compared === null ? null : numbersBefore(proof.kind, compared),
    share: proof.kind === "trial" && wanted !== null ? { wanted, measured } : null,
  };
}

/** In a trial those of the same time, in a probation those of all its time. */
function numbersBefore(
  kind: ProofReport["kind"],
  { now, before, likewise }: NonNullable<ReturnType<typeof compare>>,
): ProofReport["before"] {
  if (before === null) return null;
  const meanwhile = kind === "trial" && likewise !== null ? { ...likewise, servedMs: now.servedMs } : {};
  return numbersOf({ ...before, ...meanwhile });
}

function numbersOf({
  generation,
  servedMs,
  deaths,
  responses,
  failed,
}: Track): NonNullable<ProofReport["now"]> {
  return { generation, servedMs, deaths, responses, failed };
}
