import { isRepeat, remember } from "./commit.js";
import { drainGeneration } from "./drain.js";
import { isLive, serves } from "./find.js";
import type { DrainReason, Generation } from "./generation-state.js";
import type { State } from "./state.js";
import { announce, type Turn, update, updateGeneration } from "./turn.js";

/**
 * Whether the candidate can only start once others have ended: with `exclusive` a worker stands by beside workers that hand over to it,
 * and beside no others.
 */
export function isInTheWay(state: State, { id, specification }: Generation): boolean {
  if (specification.plan.strategy !== "exclusive") return false;
  return state.generations.some((one) => one.id !== id && !makesWay(one));
}

/** One that drains is in the way as long as there is anybody left of it; one that serves would start more of them. */
function makesWay({ workers, stage }: Generation): boolean {
  const live = workers.filter(({ run }) => isLive(run));
  return (stage.phase === "draining" || live.length > 0) && live.every(({ native }) => native);
}

/**
 * The generation that serves ends before the candidate starts, and clients wait. From here on it is a start like the first one: when it
 * fails, what ran before is started again.
 */
export function stepAside(turn: Turn, candidate: Generation): void {
  const { id } = candidate;
  const { upgrade } = turn.state;
  const whyLeft = (old: Generation): DrainReason =>
    upgrade !== null && isRepeat(upgrade)
      ? remember(turn, candidate, old, upgrade)
      : { kind: "superseded", by: id };
  const serving = turn.state.generations.filter(serves);
  updateGeneration(turn, id, { stage: { phase: "candidate", step: "waiting", deadline: null } });
  if (serving.length === 0) return;
  const message = `generation ${id} starts when ${serving.map((one) => one.id).join(" and ")} has ended: strategy = "exclusive"`;
  announce(turn, "info", "stepping-aside", message, { generation: id });
  for (const generation of serving) drainGeneration(turn, generation, whyLeft(generation));
  update(turn, { lifecycle: { phase: "starting" } });
}
