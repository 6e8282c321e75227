import type { ListenerReport, ServerReport, StatusReport } from "../control/replies.js";
import type { CounterName, GaugeName } from "../lib/counters.js";
import type { Labels, Sample } from "./exposition.js";
import { counter, gauge, type Metric, sample, seconds } from "./metric.js";

/** What an app listens on that no config names, and how many there are, is the app's to choose: they are one in the metrics. */
const undeclared = "undeclared";

/** By listener: what native workers have counted, and what the kernel shows. */
export const trafficMetrics: readonly Metric<StatusReport>[] = [
  counted("holdfast_connections_accepted_total", "Connections that workers have accepted.", "accepted"),
  counted("holdfast_connections_adopted_total", "Connections that workers took over from others.", "adopted"),
  counted("holdfast_connections_moved_total", "Connections that workers gave to others.", "moved"),
  counted("holdfast_connections_finished_total", "Connections that ended by themselves.", "finished"),
  counted("holdfast_connections_cut_total", "Connections that were cut at the end of a drain.", "cut"),
  present("holdfast_connections_open", "Connections that are open.", "open"),
  counted("holdfast_requests_total", "Requests, datagrams and streams that have begun.", "requests"),
  present("holdfast_requests_in_flight", "Requests that are being answered.", "inFlight"),
  counter(
    "holdfast_responses_total",
    "Responses of HTTP, by status: below 400, 4xx, 5xx.",
    ({ totals, listeners }) =>
      sumByLabels([
        ...countsOf(totals, "ok", listeners, { class: "ok" }),
        ...countsOf(totals, "clientErrors", listeners, { class: "client_error" }),
        ...countsOf(totals, "serverErrors", listeners, { class: "server_error" }),
      ]),
  ),
  counted(
    "holdfast_responses_aborted_total",
    "Responses of HTTP that were not brought to their end.",
    "aborted",
  ),
  counted("holdfast_responses_slow_total", "Responses of HTTP that took longer than judge.slow.", "slow"),
  gauge("holdfast_listener_backlog", "Connections that wait to be accepted. TCP only.", ({ listeners }) =>
    sumByLabels(listeners.flatMap((one) => sample(one.backlog?.queued, { listener: labelOf(one) }))),
  ),
  gauge("holdfast_listener_backlog_limit", "How many connections may wait.", ({ listeners }) =>
    sumByLabels(listeners.flatMap((one) => sample(one.backlog?.limit, { listener: labelOf(one) }))),
  ),
  gauge(
    "holdfast_listener_stalled_seconds",
    "For how long clients have waited with nobody accepted, 0 while they do not. TCP only.",
    ({ listeners }) =>
      sumByLabels(
        listeners.flatMap((one) => sample(stalledSeconds(one), { listener: labelOf(one) })),
        Math.max,
      ),
  ),
  gauge("holdfast_listener_down", "Whether clients are refused.", ({ listeners }) =>
    sumByLabels(
      listeners.flatMap((one) => sample(one.down !== null, { listener: labelOf(one) })),
      Math.max,
    ),
  ),
];

/** Where the queue is not seen, nobody has looked. */
function stalledSeconds({ stalledMs, backlog }: ListenerReport): number | null {
  return stalledMs === null && backlog !== null ? 0 : seconds(stalledMs);
}

function counted(name: string, help: string, what: CounterName): Metric<StatusReport> {
  return counter(name, help, ({ totals, listeners }) => sumByLabels(countsOf(totals, what, listeners)));
}

function countsOf(
  totals: StatusReport["totals"],
  what: CounterName,
  listeners: readonly ListenerReport[],
  labels: Labels = {},
): readonly Sample[] {
  return totals.flatMap((one) =>
    sample(one[what], { listener: labelFor(one.listener, listeners), ...labels }),
  );
}

function present(name: string, help: string, what: GaugeName): Metric<StatusReport> {
  return gauge(name, help, ({ generations, listeners }) =>
    sumByLabels(
      generations.flatMap(({ phase, workers }) =>
        workers.flatMap(({ servers }) =>
          servers.flatMap((server) => presentAt(server, what, phase, listeners)),
        ),
      ),
    ),
  );
}

function presentAt(
  { listener, counters }: ServerReport,
  what: GaugeName,
  role: string,
  listeners: readonly ListenerReport[],
): readonly Sample[] {
  return sample(counters[what], { listener: labelFor(listener, listeners), role });
}

/** The label of the listener of that name, be it gone. */
export function labelFor(name: string, listeners: readonly ListenerReport[]): string {
  const known = listeners.find((listener) => listener.name === name);
  // One that is gone is told by the name that the daemon gives to those.
  return known === undefined ? name.replace(/^undeclared-.*$/s, undeclared) : labelOf(known);
}

function labelOf({ name, origin }: ListenerReport): string {
  return origin === "app" ? undeclared : name;
}

/** Several listeners may have one name. */
export function sumByLabels(
  samples: readonly Sample[],
  add: (one: number, other: number) => number = (one, other) => one + other,
): readonly Sample[] {
  const sums = new Map<string, Sample>();
  for (const { value, labels } of samples) {
    const key = JSON.stringify(labels);
    const known = sums.get(key);
    sums.set(key, { labels, value: known === undefined ? value : add(known.value, value) });
  }
  return [...sums.values()];
}
