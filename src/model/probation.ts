import { formatDuration } from "../lib/duration.js";
import { findGeneration } from "./find.js";
import type { Track } from "./generation-state.js";
import { pronounce } from "./outcome.js";
import { whereToGoBack } from "./retired.js";
import { trackOf } from "./track.js";
import { announce, type Turn, updateGeneration } from "./turn.js";

/**
 * The generation serves alone from now on, and is judged for as long as its plan says. One that has proved itself before is not,
 * nor is one with nothing to go back to: there is no question to be asked. It is held against the version that was left for it where
 * that one was proved, else against the last that was: what comes after a bad version may not have its faults.
 */
export function beginProbation(turn: Turn, id: number, left: Track | null, leftProved: boolean): void {
  const generation = findGeneration(turn.state, id);
  if (generation?.stage.phase !== "active") return;
  const { timeMs } = generation.specification.plan.probation;
  const way = whereToGoBack(turn.state, generation);
  if (generation.proved || timeMs === 0 || way === null) {
    prove(turn, id);
    return;
  }
  const { now } = turn.clock;
  const before = leftProved ? left : (way.track ?? left);
  const own = trackOf(turn.state, generation, now);
  updateGeneration(turn, id, {
    stage: { ...generation.stage, proof: { kind: "probation", until: now + timeMs, own, before } },
  });
  announce(turn, "info", "probation", `generation ${id} is on probation for ${formatDuration(timeMs)}`, {
    generation: id,
  });
}

/** Nobody has said anything against it: from here on it is what others go back to. */
export function prove(turn: Turn, id: number): void {
  const generation = findGeneration(turn.state, id);
  if (generation?.stage.phase !== "active") return;
  const { stage, deaths } = generation;
  const probationDeaths = stage.proof.kind === "probation" ? deaths - stage.proof.own.deaths : 0;
  updateGeneration(turn, id, {
    proved: true,
    probationDeaths,
    stage: { ...stage, proof: { kind: "proved" } },
  });
  if (stage.proof.kind === "probation") {
    announce(turn, "info", "generation-proved", `generation ${id} has proved itself`, { generation: id });
  }
  pronounce(turn, id, { kind: "proved" });
}
