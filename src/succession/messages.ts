import * as v from "valibot";
import { drainSignals } from "../lib/drain-signals.js";
import type { FailureOf } from "../lib/failure.js";
import { count } from "../lib/numbers.js";
import { isReason } from "../lib/reasons.js";

/** Why one daemon does not take the place of another. */
export type TakeoverFailure = FailureOf<"daemon" | "succession">;

/** Counted up when the other side would misunderstand. Daemons that speak different ones refuse each other. */
export const takeoverProtocol = 1;

/** A packet carries its names in at most 64 KiB. */
export const fdsPerPacket = 128;

const text = v.pipe(v.string(), v.maxLength(1000));

/** Successor → predecessor. */
export const successorMessage = v.variant("type", [
  /** The first message. Where workers can be seen and signalled from, by pid_namespaces(7) and cgroups(7). */
  v.object({
    type: v.literal("take"),
    protocol: count,
    name: text,
    version: text,
    pidNamespace: text,
    cgroup: text,
  }),
  /** It has recovered: the workers are its own. */
  v.object({ type: v.literal("ready") }),
  /** Its own workers serve, those that it was given drain: there is no way back. */
  v.object({ type: v.literal("committed") }),
  /** To a worker that it cannot signal itself. */
  v.object({
    type: v.literal("signal"),
    generation: count,
    index: count,
    signal: v.picklist([...drainSignals, "SIGKILL"]),
  }),
]);
export type SuccessorMessage = v.InferOutput<typeof successorMessage>;

/** Predecessor → successor. */
export const predecessorMessage = v.variant("type", [
  v.object({
    type: v.literal("refused"),
    reason: v.pipe(v.custom<TakeoverFailure["reason"]>(isReason), v.maxLength(1000)),
    message: text,
  }),
  /** With as many fds as names. */
  v.object({
    type: v.literal("fds"),
    names: v.pipe(v.array(v.pipe(v.string(), v.maxLength(255))), v.maxLength(fdsPerPacket)),
  }),
  /** That was all. `keepsWorkers`: they stay as after a crash; else the successor has to replace them. */
  v.object({ type: v.literal("given"), keepsWorkers: v.boolean() }),
]);
export type PredecessorMessage = v.InferOutput<typeof predecessorMessage>;
