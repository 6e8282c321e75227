import { formatDuration } from "../lib/duration.js";
import { lateMs } from "../lib/late-timer.js";
import type { Generation, Proof } from "./generation-state.js";
import { announce, type Turn, updateGeneration } from "./turn.js";

/**
 * Judges a generation for longer when nobody has looked at it by the end of its time, as a version is not good for that: as long as
 * nobody has looked since, and not longer than anew. False where its time is really over.
 */
export function prolong(turn: Turn, { id, stage, specification }: Generation): boolean {
  if (stage.phase !== "active") return false;
  const { proof } = stage;
  const { now } = turn.clock;
  if ((proof.kind !== "trial" && proof.kind !== "probation") || proof.until === null) return false;
  const unseenMs = now - proof.until;
  if (unseenMs <= lateMs) return false;
  const moreMs = Math.min(unseenMs, specification.plan[proof.kind].timeMs);
  const longer: Proof = { ...proof, until: now + moreMs };
  updateGeneration(turn, id, { stage: { ...stage, proof: longer } });
  const message = `nobody has looked at generation ${id} for ${formatDuration(unseenMs)}: its ${proof.kind} is ${formatDuration(moreMs)} longer`;
  announce(turn, "info", proof.kind, message, { generation: id });
  return true;
}
