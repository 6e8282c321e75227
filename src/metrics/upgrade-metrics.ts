import type { StatusReport } from "../control/replies.js";
import { type PhaseName, phaseNames } from "../lib/phases.js";
import type { Sample } from "./exposition.js";
import { counter, gauge, type Metric, sample, seconds } from "./metric.js";
import { labelFor, sumByLabels } from "./traffic-metrics.js";

export interface Moment {
  readonly report: StatusReport;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const kinds = ["start", "fallback", "upgrade", "restart", "rollback"] as const;
const results = ["done", "failed"] as const;
const verdicts = ["proved", "rejected", "replaced"] as const;

/** What has been counted of upgrades, and the one that is under way. */
export const upgradeMetrics: readonly Metric<Moment>[] = [
  counter("holdfast_upgrades_total", "Upgrades that have ended.", ({ report: { tally } }) =>
    kinds.flatMap((kind) =>
      results.flatMap((result) => {
        const known = tally?.upgrades.find((one) => one.kind === kind && one.result === result);
        // One that never was is counted, too: else nobody could see the first one as a rise.
        return sample(tally === null ? null : (known?.count ?? 0), { kind, result });
      }),
    ),
  ),
  counter(
    "holdfast_verdicts_total",
    "What became of the generations of upgrades that were done.",
    ({ report: { tally } }) => verdicts.flatMap((verdict) => sample(tally?.verdicts[verdict], { verdict })),
  ),
  {
    name: "holdfast_upgrade_phase_duration_seconds",
    type: "histogram",
    help: "How long the phases of upgrades took that have ended.",
    read: ({ report: { tally } }) => (tally?.phases ?? []).flatMap(histogramOf),
  },
  gauge(
    "holdfast_upgrade_phase_seconds",
    "For how long what an upgrade does now has lasted; of several upgrades the longest.",
    ({ report, now }) =>
      phaseNames.flatMap((phase) => sample(seconds(lastsMs(phase, report, now)), { phase })),
  ),
  gauge("holdfast_upgrade_in_progress", "Whether an upgrade is under way.", ({ report: { upgrade } }) =>
    sample(upgrade !== null),
  ),
  gauge(
    "holdfast_upgrade_last_done_timestamp_seconds",
    "When the last upgrade was done, since the epoch.",
    ({ report: { tally } }) => sample(seconds(tally?.lastDoneAt)),
  ),
  gauge(
    "holdfast_upgrade_listen_overflows",
    "Connections that found a full queue, in the network namespace and the time of the newest upgrade that is not over.",
    (moment) => sample(witnessOf(moment)?.overflows),
  ),
  gauge(
    "holdfast_upgrade_listen_drops",
    "Connections that the kernel dropped at a listener, in the network namespace and the time of the newest upgrade that is not over.",
    (moment) => sample(witnessOf(moment)?.drops),
  ),
  gauge(
    "holdfast_upgrade_still_seconds",
    "The longest time in which clients waited with nobody accepted, in the newest upgrade that is not over.",
    (moment) => sample(seconds(witnessOf(moment)?.stillMs)),
  ),
  gauge(
    "holdfast_upgrade_backlog_peak",
    "The most connections that were seen to wait to be accepted, in the newest upgrade that is not over.",
    (moment) =>
      sumByLabels(
        (witnessOf(moment)?.backlogs ?? []).flatMap(({ listener, queued }) =>
          sample(queued, { listener: labelFor(listener, moment.report.listeners) }),
        ),
        Math.max,
      ),
  ),
  counter("holdfast_worker_deaths_total", "Workers that ended by themselves.", ({ report: { tally } }) =>
    sample(tally?.deaths),
  ),
];

/** The counts of the buckets are cumulative already. */
function histogramOf({
  phase,
  buckets,
  sumMs,
  count,
}: NonNullable<StatusReport["tally"]>["phases"][number]): readonly Sample[] {
  return [
    ...buckets.map((bucket) => ({
      value: bucket.count,
      labels: { phase, le: String(bucket.atMostMs / 1000) },
      suffix: "_bucket" as const,
    })),
    { value: count, labels: { phase, le: "+Inf" }, suffix: "_bucket" },
    { value: sumMs / 1000, labels: { phase }, suffix: "_sum" },
    { value: count, labels: { phase }, suffix: "_count" },
  ];
}

function lastsMs(phase: PhaseName, { accounts }: StatusReport, now: number): number | null {
  const begun = accounts.flatMap(({ startedAt, phases }) =>
    phases
      .filter((one) => one.phase === phase && one.tookMs === null)
      .map(({ afterMs }) => startedAt + afterMs),
  );
  return begun.length === 0 ? null : Math.max(0, now - Math.min(...begun));
}

function witnessOf({ report }: Moment): StatusReport["accounts"][number]["witness"] | undefined {
  return report.accounts.at(-1)?.witness;
}
