import type { Proof } from "../../../src/model/generation-state.js";
import type { State } from "../../../src/model/state.js";
import type { Rig } from "./rig.js";

export interface Judgement {
  /** `[trial] time` and `[probation] time`. */
  readonly trial?: string;
  readonly probation?: string;
  /** TOML of the table `[judge]`. */
  readonly judge?: string;
}

/** The tables by which the versions that come are judged. */
export function judgedTables({ trial = "1s", probation = "1m", judge = "" }: Judgement = {}): string {
  return `[trial]\ntime = "${trial}"\n[probation]\ntime = "${probation}"\n[judge]\n${judge}\n`;
}

export function proofOf({ generations }: State): Proof | undefined {
  const active = generations.find(({ stage }) => stage.phase === "active");
  return active?.stage.phase === "active" ? active.stage.proof : undefined;
}

/** Waits until the generation of that id, or any, is as far in proving itself. */
export function untilProof(rig: Rig, kind: Proof["kind"], id?: number): Promise<Proof> {
  return rig.manager.waitFor(`${kind} of generation ${id ?? "any"}`, () => {
    const state = rig.state();
    const active = state.generations.find(({ stage }) => stage.phase === "active");
    const proof = proofOf(state);
    return proof?.kind === kind && (id === undefined || active?.id === id) && proof;
  });
}
