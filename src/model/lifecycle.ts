import type { FailureOf } from "../lib/failure.js";
import { drainGeneration, pressGeneration } from "./drain.js";
import type { ModelFailure } from "./failure.js";
import { activeGeneration, heldGeneration } from "./find.js";
import type { State } from "./state.js";
import { act, announce, type Turn, update } from "./turn.js";
import { abortAll } from "./upgrade.js";

const stopping: ModelFailure = { reason: "stopping", message: "the service was told to stop" };

/** Every worker drains, then the daemon exits. `fast` does not wait for the drain timeout, only for `drain.kill`. */
export function stop(turn: Turn, fast: boolean): void {
  const { lifecycle } = turn.state;
  if (lifecycle.phase === "leaving") return;
  update(turn, { failedStart: null });
  if (lifecycle.phase !== "stopping") {
    update(turn, { lifecycle: { phase: "stopping", failure: null } });
    announce(turn, "info", "stopping", fast ? "stopping fast" : "stopping: workers drain");
    abortAll(turn, stopping);
  }
  for (const generation of turn.state.generations) {
    if (fast && generation.stage.phase === "draining") pressGeneration(turn, generation);
    else drainGeneration(turn, generation, { kind: "stopped" }, fast);
  }
}

/** Why nobody can be told to drain; null where somebody can, or all have been. */
export function refuseDrain(state: State): FailureOf<"model"> | null {
  const { phase } = state.lifecycle;
  if (phase === "running" || phase === "drained") return null;
  return {
    reason: "nothing-to-drain",
    message: `cannot drain: the service is ${phase}, and no worker serves`,
  };
}

/** Why the daemon cannot make way. */
export function refuseLeaving({ lifecycle: { phase } }: State): FailureOf<"model"> | null {
  if (phase !== "stopping" && phase !== "leaving") return null;
  return { reason: "stopping", message: "cannot re-exec: the service is being stopped" };
}

/**
 * nginx's WINCH: the workers drain and end, the daemon keeps its listeners; clients wait in the backlog. While a generation is on
 * trial it is those of the one before.
 */
export function drainWorkers(turn: Turn): void {
  const { phase } = turn.state.lifecycle;
  const active = activeGeneration(turn.state);
  if (phase !== "running" || active === undefined) return;
  const held = heldGeneration(turn.state);
  if (held !== undefined) {
    drainGeneration(turn, held, { kind: "superseded", by: active.id });
    return;
  }
  update(turn, { lifecycle: { phase: "drained" } });
  announce(turn, "info", "drained", "workers drain on request; the listeners stay");
  abortAll(turn, { reason: "drained", message: "the workers were told to drain" });
  drainGeneration(turn, active, { kind: "stopped" });
}

/** The daemon goes, the workers stay; the next daemon adopts them and, for `systemctl restart`, upgrades. */
export function leave(turn: Turn, next: "adopt" | "upgrade"): void {
  const { phase } = turn.state.lifecycle;
  if (phase === "stopping" || phase === "leaving") return;
  // After a reexec a drained service is still drained: only a restart brings workers back.
  if (phase !== "drained" || next === "upgrade") update(turn, { lifecycle: { phase: "leaving", next } });
  if (next === "upgrade") update(turn, { failedStart: null });
  const how =
    next === "upgrade"
      ? "restart: the next daemon adopts the workers and upgrades"
      : "re-exec: the next daemon adopts the workers";
  announce(turn, "info", "leaving", how);
  act(turn, { type: "exit", status: next === "upgrade" ? "leaving-restart" : "leaving-reexec" });
}
