import { exitConfig, exitReexec } from "../lib/exit-statuses.js";
import type { Action } from "../model/event.js";
import type { State } from "../model/state.js";

export { exitConfig } from "../lib/exit-statuses.js";

const notByTryingAgain = ["config-", "command-missing", "release-invalid", "listener-missing"];

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
      const reason = lifecycle.phase === "stopping" ? (lifecycle.failure?.reason ?? "") : "";
      return notByTryingAgain.some((beginning) => reason.startsWith(beginning)) ? exitConfig : 1;
    }
    default:
      return status satisfies never;
  }
}
