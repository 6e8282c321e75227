import type { FailureOf } from "../lib/failure.js";
import { activeGeneration, stagedGeneration } from "./find.js";
import type { State } from "./state.js";

/** Why a commit that means this generation is not to be made: another one stands by or is on trial, or none. */
export function refuseKeep(state: State, only: number): FailureOf<"model"> | null {
  const meant = stagedGeneration(state) ?? activeGeneration(state);
  if (meant?.id === only) return null;
  return another(`cannot commit generation ${only}: it neither stands by nor is it on trial any more`);
}

/**
 * Why this generation is not to be left by somebody who has seen nothing else of it: it is gone already or about to go, or the one
 * before it could not take its state.
 */
export function refuseLeave(state: State, only: number): FailureOf<"model"> | null {
  if (stagedGeneration(state)?.id === only) return null;
  const active = activeGeneration(state);
  if (active?.id !== only) return another(`cannot leave generation ${only}: it does not serve`);
  const { upgrade } = state;
  if (upgrade !== null && upgrade.generation !== only)
    return another(`cannot leave generation ${only}: upgrade ${upgrade.id} is under way`);
  const { noWayBack, specification } = active;
  if (noWayBack === null || specification.plan.rollback.loseState) return null;
  const why = `the version before cannot take its state (${noWayBack.message})`;
  return { reason: "state-kept", message: `generation ${only} serves on: ${why}` };
}

function another(message: string): FailureOf<"model"> {
  return { reason: "other-generation", message };
}
