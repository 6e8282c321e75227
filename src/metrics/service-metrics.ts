import type { StatusReport } from "../control/replies.js";
import { oneLine } from "../lib/printable.js";
import { counter, gauge, type Metric, oneOf, sample, seconds } from "./metric.js";

/** A release may call itself anything. */
const longestVersion = 64;

/** The service as a whole, and what serves. */
export const serviceMetrics: readonly Metric<StatusReport>[] = [
  gauge("holdfast_build_info", "The daemon's version. The value is 1.", ({ version }) =>
    sample(1, { version }),
  ),
  gauge("holdfast_lifecycle", "What the service does: 1 at what it is.", ({ lifecycle }) =>
    oneOf("phase", ["starting", "running", "drained", "stopping", "leaving"], lifecycle),
  ),
  gauge(
    "holdfast_degraded",
    "Whether the service is not as it should be; holdfast status says why.",
    ({ degraded }) => sample(degraded !== null),
  ),
  gauge(
    "holdfast_state_writable",
    "Whether the state file can be written. While it cannot there are no upgrades.",
    ({ unwritable }) => sample(unwritable === null),
  ),
  gauge("holdfast_uptime_seconds", "Since the service first answered after it was started.", ({ upMs }) =>
    sample(seconds(upMs)),
  ),
  gauge("holdfast_active_generation", "Number of the generation that serves.", (report) =>
    sample(activeOf(report)?.id),
  ),
  gauge(
    "holdfast_generation_info",
    "Each generation that is there, with what its release calls itself. The value is 1.",
    ({ generations }) =>
      generations.flatMap(({ id, phase, version }) =>
        sample(1, {
          generation: String(id),
          role: phase,
          version: oneLine(version ?? "").slice(0, longestVersion),
        }),
      ),
  ),
  gauge(
    "holdfast_proof",
    "How far the generation that serves has proved itself: 1 at what it is.",
    (report) => oneOf("stage", ["trial", "probation", "proved", "rejected"], activeOf(report)?.proof?.kind),
  ),
  gauge(
    "holdfast_proof_left_seconds",
    "How long the trial or probation goes on, where it has an end.",
    (report) => sample(seconds(activeOf(report)?.proof?.leftMs)),
  ),
  gauge(
    "holdfast_rolled_back",
    "Whether what serves is not what was deployed last, because that was left.",
    ({ rolledBack }) => sample(rolledBack !== null),
  ),
  gauge(
    "holdfast_rejected_releases",
    "How many releases no start, restart or rollback chooses by itself again.",
    ({ rejected }) => sample(rejected.length),
  ),
  gauge(
    "holdfast_reexec_failed",
    "Whether the last daemon that was to take this one's place did not.",
    ({ reexecFailed }) => sample(reexecFailed !== null),
  ),
  counter(
    "holdfast_notify_dropped_total",
    "Datagrams on the workers' notify sockets that came from somebody else or were malformed, since the daemon was started.",
    ({ notifyDropped }) => sample(notifyDropped),
  ),
];

function activeOf({ generations }: StatusReport): StatusReport["generations"][number] | undefined {
  return generations.find(({ phase }) => phase === "active");
}
