import type { Command, ControlPort, StatusReport, Submission, UpgradeProgress } from "../control/port.js";
import type { Failure } from "../lib/failure.js";
import { latestUpgrade } from "../model/decide.js";
import type { News } from "../model/event.js";
import type { Supervisor } from "../supervisor/supervisor.js";

export interface ControlPortOptions {
  readonly supervisor: Supervisor;
  readonly report: () => StatusReport;
  readonly subscribe: (listener: (news: News) => void) => () => void;
  /** Why the daemon cannot be replaced, if so. */
  readonly reexec: () => Failure | null;
}

/** The loop as the control API sees it. */
export function createControlPort({
  supervisor,
  report,
  subscribe,
  reexec,
}: ControlPortOptions): ControlPort {
  function submit(command: Command): Submission {
    switch (command) {
      case "upgrade":
      case "rollback":
        supervisor.retryPersist();
        supervisor.push({ type: "upgrade-requested", kind: command });
        return { accepted: true, upgrade: latestUpgrade(supervisor.state) ?? null };
      case "reexec": {
        const failure = reexec();
        return failure === null ? { accepted: true, upgrade: null } : { accepted: false, failure };
      }
      case "drain":
        supervisor.push({ type: "drain-requested" });
        return { accepted: true, upgrade: null };
      case "stop":
        supervisor.push({ type: "stop-requested", fast: false });
        return { accepted: true, upgrade: null };
      default:
        return command satisfies never;
    }
  }

  function progressOf(id: number): UpgradeProgress {
    const { state } = supervisor;
    const outcome = state.outcomes.find(({ upgrade }) => upgrade === id);
    if (outcome !== undefined) return { phase: "ended", outcome };
    return state.upgrade?.id === id || state.queued?.id === id ? { phase: "pending" } : { phase: "unknown" };
  }

  return { report, submit, progressOf, subscribe };
}
