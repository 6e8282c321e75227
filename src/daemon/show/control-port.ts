import type {
  ControlCommand,
  ControlPort,
  HistoryEntry,
  StatusReport,
  Submission,
  UpgradeProgress,
  UpgradeWish,
} from "../../control/port.js";
import type { FailureOf } from "../../lib/failure.js";
import { nextAnswer } from "../../model/decide.js";
import type { Event, News } from "../../model/event.js";
import { activeGeneration, stagedGeneration } from "../../model/find.js";
import { refuseDrain, refuseLeaving } from "../../model/lifecycle.js";
import type { State } from "../../model/state.js";
import { refuse } from "../../model/upgrade.js";
import type { Asked, Asker } from "../../model/upgrade-state.js";
import type { Supervisor } from "../../supervisor/supervisor.js";

export interface ControlPortOptions {
  readonly supervisor: Supervisor;
  readonly report: () => StatusReport;
  readonly history: () => readonly HistoryEntry[];
  readonly changes: ControlPort["changes"];
  readonly refresh: ControlPort["refresh"];
  readonly recount: ControlPort["recount"];
  readonly metrics: ControlPort["metrics"];
  readonly subscribe: (listener: (news: News) => void) => () => void;
  /** Why the daemon cannot be replaced, if so. */
  readonly obstacleToReexec: FailureOf<"daemon"> | null;
}

const noTrial: FailureOf<"daemon"> = {
  reason: "no-trial",
  message:
    "cannot commit: no generation is on trial, and none stands by; `holdfast upgrade --hold` or `--stage` brings one there",
};

/** The loop as the control API sees it. */
export function createControlPort({
  supervisor,
  report,
  history,
  changes,
  refresh,
  recount,
  metrics,
  subscribe,
  obstacleToReexec,
}: ControlPortOptions): ControlPort {
  function submit(
    command: ControlCommand,
    { to, hold = false, stage = false, force = false, message }: UpgradeWish = {},
    by: Asker = { kind: "signal" },
  ): Submission {
    const asked: Asked = { by, message: message ?? null };
    switch (command) {
      case "upgrade":
        return request(
          { kind: command, to: null },
          { type: "upgrade-requested", kind: command, hold, stage, force, asked },
        );
      case "rollback": {
        const wish = { kind: command, to: to ?? null };
        return request(wish, { type: "upgrade-requested", ...wish, asked });
      }
      case "commit": {
        const stage = activeGeneration(supervisor.state)?.stage;
        if (stagedGeneration(supervisor.state) !== undefined)
          return request({ kind: "upgrade", to: null }, { type: "keep-requested", asked });
        if (stage?.phase !== "active" || stage.proof.kind !== "trial")
          return { accepted: false, failure: noTrial };
        const upgrade = upgradeOfTrial(supervisor.state);
        supervisor.push({ type: "keep-requested" });
        return { accepted: true, upgrade };
      }
      case "reexec": {
        const failure = obstacleToReexec ?? refuseLeaving(supervisor.state);
        if (failure !== null) return { accepted: false, failure };
        onceAnswered({ type: "leave-requested", next: "adopt" });
        return { accepted: true, upgrade: null };
      }
      case "drain": {
        const failure = refuseDrain(supervisor.state);
        if (failure !== null) return { accepted: false, failure };
        supervisor.push({ type: "drain-requested" });
        return { accepted: true, upgrade: null };
      }
      case "stop":
        onceAnswered({ type: "stop-requested", fast: false });
        return { accepted: true, upgrade: null };
      default:
        return command satisfies never;
    }
  }

  /** What cannot be done is refused before it is anything: then nothing has changed, and nothing is written down. */
  function request(wish: Parameters<typeof refuse>[1], event: Event): Submission {
    supervisor.retryPersist();
    const failure = refuse(supervisor.state, wish);
    if (failure !== null) return { accepted: false, failure };
    const upgrade = nextAnswer(supervisor.state);
    supervisor.push(event);
    return { accepted: true, upgrade };
  }

  /** The event may end this process at once. */
  function onceAnswered(event: Event): void {
    setImmediate(() => supervisor.push(event));
  }

  function progressOf(id: number): UpgradeProgress {
    const { state } = supervisor;
    const outcome = state.outcomes.find(({ upgrade }) => upgrade === id);
    if (outcome !== undefined) return { phase: "ended", outcome };
    return state.upgrade?.id === id || state.queued?.id === id ? { phase: "pending" } : { phase: "unknown" };
  }

  return { report, history, changes, refresh, recount, metrics, submit, progressOf, subscribe };
}

/** The one that brought the generation on trial: it is under way still, or with `--hold` was done when the trial began. */
function upgradeOfTrial(state: State): number | null {
  const id = activeGeneration(state)?.id;
  if (state.upgrade !== null && state.upgrade.generation === id) return state.upgrade.id;
  const brought = state.outcomes.find(({ generation, failure }) => generation === id && failure === null);
  return brought?.upgrade ?? null;
}
