import * as v from "valibot";

/** Who visits a site during its upgrade. No request and no WebSocket is ever tried again. */
export const VISITORS = {
  /** Kept connections that send a request `pauseMs` after the last answer. */
  busy: 50,
  pauseMs: 20,
  freshPerSecond: 300,
  /** Requests in flight at any time that are answered after `slowMs`. */
  slow: 20,
  slowMs: 1000,
  /** Kept connections that have had one request and send the next one long after the upgrade. */
  idle: 50,
  webSockets: 100,
  messageEveryMs: 500,
  timeoutMs: 10_000,
} as const;

/** What the visitors themselves come late is recorded from here on. */
export const STALL_MS = 5;

const time = v.number();

/** What visitors have seen, with times of CLOCK_MONOTONIC in ms. */
export const visitSchema = v.object({
  startedAtMs: time,
  endedAtMs: time,
  /** Good responses: when, of which version, how long after the request; null for those that are slow by themselves. */
  responses: v.array(v.tuple([time, v.string(), v.nullable(v.number())])),
  /** Requests that had no good response, with the reason. */
  lost: v.array(v.tuple([time, v.string()])),
  /** Times when a kept connection was to be used and had been closed by the server. */
  reopened: v.array(time),
  /** Times when the server ended a WebSocket. */
  dropped: v.array(time),
  /** Times when the visitors themselves came late, and how late. */
  stalls: v.array(v.tuple([time, v.number()])),
});

export type Visit = v.InferOutput<typeof visitSchema>;
