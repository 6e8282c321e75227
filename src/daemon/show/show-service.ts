import type { ControlPort, ReexecFailure, StatusReport } from "../../control/port.js";
import type { MetricsReport } from "../../control/replies.js";
import type { FailureOf } from "../../lib/failure.js";
import { monotonicMs } from "../../linux/boot.js";
import { formatMetrics } from "../../metrics/format-metrics.js";
import { activeGeneration } from "../../model/find.js";
import { reportHistory } from "../../state/history.js";
import { readLedger } from "../../state/ledger.js";
import type { Supervisor } from "../../supervisor/supervisor.js";
import { readDaemonFacts } from "../metrics/daemon-facts.js";
import type { Parts } from "../parts.js";
import type { Setup } from "../setup.js";
import { createControlPort } from "./control-port.js";
import type { NewsFeed } from "./news-feed.js";
import { reportStatus } from "./report.js";
import { reportChanges } from "./report-changes.js";

const firstProcess: FailureOf<"daemon"> = {
  reason: "first-process",
  message:
    "cannot re-exec: this daemon is the first process of its container, which ends with it; start another container with --takeover",
};

const statusPatienceMs = 250;

/** The service as the control API shows it and lets it be steered. */
export function showService(
  { name, unit, directories, configFile }: Setup,
  { listeners, reports, snapshots, notifySockets, heartbeat, backlogs, share }: Parts,
  supervisor: Supervisor,
  news: NewsFeed,
  reexecFailed: ReexecFailure | null,
  metricsAt: () => MetricsReport,
): ControlPort {
  const inspect = async (snapshot: number): Promise<void> =>
    supervisor.push(...(await snapshots.inspectNow(snapshot)));
  const recount = async (): Promise<void> => {
    backlogs.look(supervisor.state);
    await heartbeat.askWorkers(statusPatienceMs);
  };
  const report = (): StatusReport =>
    reportStatus(supervisor.state, {
      name,
      unit,
      listeners,
      reports,
      snapshots,
      nowMs: monotonicMs,
      measuredShare: () => share.measured,
      stalledForMs: (id) => backlogs.stalledForMs(id),
      notifyDropped: () => notifySockets.dropped,
      reexecFailed,
      metrics: metricsAt,
    });
  return createControlPort({
    supervisor,
    refresh: async () => {
      const snapshot = activeGeneration(supervisor.state)?.snapshot ?? null;
      // A big one tells with the next status.
      const patience = new Promise((resolve) => setTimeout(resolve, statusPatienceMs));
      const inspected = snapshot === null ? null : Promise.race([inspect(snapshot), patience]);
      await Promise.all([recount(), inspected]);
    },
    recount,
    metrics: () => formatMetrics(report(), readDaemonFacts(), Date.now()),
    report,
    history: () => reportHistory(supervisor.state, readLedger(directories.state), monotonicMs()),
    changes: inTurn(() => reportChanges(supervisor.state, { configFile, stateDirectory: directories.state })),
    subscribe: (follower) => news.subscribe(follower),
    obstacleToReexec: process.pid === 1 ? firstProcess : null,
  });
}

/** One call after the other, for each reads a whole release. */
function inTurn<T>(call: () => Promise<T>): () => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return () => {
    const next = last.then(call, call);
    last = next;
    return next;
  };
}
