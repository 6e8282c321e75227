import * as v from "valibot";

/** Counted up when an older peer would misunderstand. Both sides say theirs first and speak the lower one. */
export const workerProtocol = 1;

/** A worker is handed to at most this many peers; more would not make it faster. */
export const peersLimit = 4;

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const name = v.pipe(v.string(), v.maxLength(255));

const peer = v.object({ name, pid: v.pipe(count, v.minValue(1)) });

/** Daemon → worker. docs/worker-protocol.md */
export const daemonMessage = v.variant("type", [
  /** The answer to `hello`. In standby the worker is ready without accepting, until `activate`. */
  v.object({ type: v.literal("welcome"), protocol: count, standby: v.boolean() }),
  v.object({ type: v.literal("activate") }),
  /** With one fd: a connection to serve as if it had been accepted on that listener. */
  v.object({ type: v.literal("probe"), listener: name }),
  /** With one fd: the channel on which that worker sends its connections. */
  v.object({ type: v.literal("receive"), from: peer }),
  /** With one fd a peer. Stop accepting, move what can be moved to the peers, finish the rest, exit. */
  v.object({ type: v.literal("drain"), to: v.pipe(v.array(peer), v.maxLength(peersLimit)) }),
  /** Answer with `report`: a worker that does not is stuck. */
  v.object({ type: v.literal("query"), query: count }),
]);

const counters = v.object({
  open: count,
  inFlight: count,
  accepted: count,
  requests: count,
  moved: count,
  adopted: count,
  cut: count,
});

/** Worker → daemon. */
export const workerMessage = v.variant("type", [
  /** The first message; before it the daemon takes the worker for a plain one. */
  v.object({ type: v.literal("hello"), protocol: count, library: name }),
  /** As READY=1. */
  v.object({ type: v.literal("ready") }),
  v.object({ type: v.literal("status"), text: v.pipe(v.string(), v.maxLength(200)) }),
  v.object({
    type: v.literal("report"),
    query: count,
    servers: v.pipe(v.array(v.object({ listener: name, kind: name, counters })), v.maxLength(256)),
  }),
]);

export type DaemonMessage = v.InferOutput<typeof daemonMessage>;
export type WorkerMessage = v.InferOutput<typeof workerMessage>;
export type ServerCounters = Extract<WorkerMessage, { type: "report" }>["servers"][number];
