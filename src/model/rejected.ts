import { isDeepStrictEqual } from "node:util";
import type { ModelFailure } from "./failure.js";
import { findSnapshot } from "./find.js";
import type { Generation } from "./generation-state.js";
import type { Rejected, Retired, State } from "./state.js";
import { type Turn, update } from "./turn.js";
import type { Asked } from "./upgrade-state.js";

const rejectedKept = 16;

type Ran = Pick<Retired, "specification" | "snapshot">;

/**
 * What the generation ran is not to be started again by itself. It is known by its files and its config; where it ran in the release
 * itself there is nothing to know it by, nor to go back to.
 */
export function reject(turn: Turn, generation: Generation, by: Rejected["by"], failure: ModelFailure): void {
  const { id, specification, snapshot, version } = generation;
  const fingerprint = findSnapshot(turn.state, snapshot)?.fingerprint ?? null;
  if (fingerprint === null) return;
  const { wall: at } = turn.clock;
  const entry: Rejected = { generation: id, specification, fingerprint, version, by, failure, at };
  const others = turn.state.rejected.filter((one) => !isOf(one, entry));
  update(turn, { rejected: [...others, entry].slice(-rejectedKept) });
}

/** The mark of what has been rejected, with the reason; undefined for what has not. */
export function findRejected(state: State, { specification, snapshot }: Ran): Rejected | undefined {
  const fingerprint = findSnapshot(state, snapshot)?.fingerprint ?? null;
  if (fingerprint === null) return undefined;
  return state.rejected.find((one) => isOf(one, { specification, fingerprint }));
}

/** Somebody wants it all the same, and it serves: it is judged anew. */
export function forgive(turn: Turn, ran: Ran): void {
  const mark = findRejected(turn.state, ran);
  if (mark !== undefined) update(turn, { rejected: turn.state.rejected.filter((one) => one !== mark) });
}

function isOf(one: Rejected, other: Pick<Rejected, "specification" | "fingerprint">): boolean {
  return one.fingerprint === other.fingerprint && isDeepStrictEqual(one.specification, other.specification);
}

/** The reason of what was left by a person, not by a judge. */
export const leftReason = "rolled-back" satisfies ModelFailure["reason"];

export function leftByHand(generation: number, asked: Asked | null): ModelFailure {
  const why = asked?.message == null ? "" : `: ${asked.message}`;
  return { reason: leftReason, message: `generation ${generation} was left by a rollback${why}` };
}
