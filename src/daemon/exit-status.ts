import type { Action } from "../model/event.js";
import type { State } from "../model/state.js";

/** sysexits.h EX_CONFIG: nothing changes by trying again, so the unit has RestartPreventExitStatus=78. */
export const exitConfig = 78;
/** sysexits.h EX_TEMPFAIL, "start me again": the unit has RestartForceExitStatus=75 and SuccessExitStatus=75. */
const exitReexec = 75;

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
