import { exitConfig, exitReexec } from "../lib/exit-statuses.js";
import type { Action } from "../model/event.js";
import type { ModelFailure } from "../model/failure.js";
import type { State } from "../model/state.js";

/** Reasons that stay until somebody changes the config or the release. */
const lasting: ReadonlySet<ModelFailure["reason"]> = new Set([
  "config-unreadable",
  "config-syntax",
  "config-invalid",
  "config-unknown-key",
  "command-missing",
  "release-invalid",
  "listener-missing",
]);

export function isLasting({ reason }: ModelFailure): boolean {
  return lasting.has(reason);
}

export function exitStatusOf(
  status: Extract<Action, { type: "exit" }>["status"],
  { lifecycle }: State,
): number {
  switch (status) {
    case "stopped":
    case "leaving-restart":
      return 0;
    case "leaving-reexec":
      return exitReexec;
    case "failed": {
      const failure = lifecycle.phase === "stopping" ? lifecycle.failure : null;
      return failure !== null && isLasting(failure) ? exitConfig : 1;
    }
    default:
      return status satisfies never;
  }
}
