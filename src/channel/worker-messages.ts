import * as v from "valibot";
import { counterNames, gaugeNames } from "../lib/counters.js";
import { count } from "../lib/numbers.js";
import { oneLine } from "../lib/printable.js";
import { maxFdsPerMessage } from "../linux/message.js";

/** Counted up when an older peer would misunderstand. Both sides say theirs first and speak the lower one. */
export const workerProtocol = 3;

/** A worker is handed to at most this many peers; more would not make it faster. */
export const peersLimit = 4;

const name = v.pipe(v.string(), v.maxLength(255));

/** For people: it stands in one line with what the daemon says of it. */
const words = v.pipe(v.string(), v.transform(oneLine));

/** What TLS ticket keys are derived from, 48 bytes in base64. Never in a log. */
const tickets = v.pipe(v.string(), v.base64(), v.length(64));

const peer = v.object({ name, pid: v.pipe(count, v.minValue(1)) });

/** One value of the app's state: where it is in the memfd beside the message, and what it must hash to. */
const stateEntry = v.object({
  name,
  version: count,
  bytes: count,
  sha256: v.pipe(v.string(), v.length(64)),
});
export const stateEntries = v.pipe(v.array(stateEntry), v.maxLength(256));
export type StateEntry = v.InferOutput<typeof stateEntry>;

/** How many connections a worker may accept: some at once, and from then on so many a second. docs/worker-protocol.md, "Share" */
const acceptLimit = v.object({
  /** On the others nobody else accepts: all that come are this worker's. */
  listeners: v.array(name),
  now: v.number(),
  /** Missing: as it was told last, and 0 at first. */
  perSecond: v.optional(v.pipe(v.number(), v.minValue(0))),
});
export type AcceptLimitOrder = v.InferOutput<typeof acceptLimit>;

/** Daemon → worker. docs/worker-protocol.md */
export const daemonMessage = v.variant("type", [
  /** The first message to a process that has asked for what was passed to its worker: an fd a listener. */
  v.object({ type: v.literal("passed"), names: v.pipe(v.array(name), v.maxLength(maxFdsPerMessage)) }),
  /** Or why it does not get it. The channel ends. */
  v.object({ type: v.literal("refused"), why: v.string() }),
  /** The answer to `hello`. In standby the worker is ready without accepting, until `activate`. */
  v.object({
    type: v.literal("welcome"),
    protocol: count,
    standby: v.boolean(),
    tickets,
    /** A response that takes longer is counted as slow; without it none is. */
    slowMs: v.optional(v.pipe(v.number(), v.minValue(0))),
  }),
  /** Another secret for tickets, from now on. */
  v.object({ type: v.literal("renew-tickets"), tickets }),
  /** Accept from now on; with `after`, once each of those has handed over its state on its channel, or is gone. */
  v.object({
    type: v.literal("activate"),
    after: v.array(name),
    /** Null: as many as come. Missing: nothing changes. */
    accept: v.optional(v.nullable(acceptLimit)),
  }),
  /** Send `saved`: the state as it is now. */
  v.object({ type: v.literal("save"), query: count }),
  /** With a memfd of the values: say in `verdict` whether this state could be taken over. Nothing is taken over yet. */
  v.object({ type: v.literal("try"), query: count, entries: stateEntries }),
  /**
   * Version 2. With a memfd of the values: say in `verdict` whether this app, which has values of its own that count, could read
   * them. None is set.
   */
  v.object({ type: v.literal("check"), query: count, entries: stateEntries }),
  /** With one fd: a connection to serve as if it had been accepted on that listener. */
  v.object({ type: v.literal("probe"), listener: name }),
  /** With one fd: the channel on which that worker sends its connections. */
  v.object({ type: v.literal("receive"), from: peer }),
  /** With one fd a peer. Stop accepting, move what can be moved to the peers, finish the rest, exit. */
  v.object({
    type: v.literal("drain"),
    to: v.pipe(v.array(peer), v.maxLength(peersLimit)),
    /** First finish, then hand over the state, then the connections: nobody else may change the state meanwhile. */
    exclusive: v.boolean(),
    /** When SIGTERM follows, which cuts what is left; a daemon of old does not say. */
    withinMs: v.optional(v.pipe(v.number(), v.minValue(0))),
  }),
  /** Version 3. The answer to `want`, with one fd; or why there is none. */
  v.object({ type: v.literal("listener"), request: count, name, failure: v.nullable(v.string()) }),
  /** Answer with `report`: a worker that does not is stuck. */
  v.object({ type: v.literal("query"), query: count }),
]);

const counters = v.object({
  ...v.entriesFromList(gaugeNames, count),
  ...v.entriesFromList(counterNames, v.optional(count, 0)),
});

/** Worker → daemon. */
export const workerMessage = v.variant("type", [
  /** The first message; before it the daemon takes the worker for a plain one. */
  v.object({ type: v.literal("hello"), protocol: count, library: name }),
  /** As READY=1. */
  v.object({ type: v.literal("ready") }),
  /** With a memfd of the values; or why there are none. */
  v.object({
    type: v.literal("saved"),
    query: count,
    entries: stateEntries,
    failure: v.nullable(words),
  }),
  v.object({ type: v.literal("verdict"), query: count, failure: v.nullable(words) }),
  /** Version 3. It got SIGTERM without having been told to drain, and accepts until it is told to. */
  v.object({ type: v.literal("leaving") }),
  /** Version 3. The app listens where its config says nothing: the daemon opens that address, keeps it, and answers with `listener`. */
  v.object({ type: v.literal("want"), request: count, address: v.pipe(v.string(), v.maxLength(200)) }),
  v.object({ type: v.literal("status"), text: v.pipe(v.string(), v.maxLength(200), v.transform(oneLine)) }),
  v.object({
    type: v.literal("report"),
    query: count,
    servers: v.pipe(v.array(v.object({ listener: name, kind: name, counters })), v.maxLength(256)),
  }),
]);

export type DaemonMessage = v.InferOutput<typeof daemonMessage>;
export type WorkerMessage = v.InferOutput<typeof workerMessage>;
export type ServerCounters = Extract<WorkerMessage, { type: "report" }>["servers"][number];
