import * as v from "valibot";
import { count } from "../lib/numbers.js";
import { stateEntries } from "./worker-messages.js";

/** Connections in one packet: the kernel's limit is 253 fds, of which one may be a memfd. */
export const batchLimit = 252;
/** So many a receiver takes that does not say how many. */
export const untoldLimit = 50;

/**
 * Between the old worker, which sends, and the new one, which receives. docs/worker-protocol.md, "Hand-over".
 *
 * `prepare` carries one fd a connection, and one more, a memfd, when they have bytes: each one's input then output, in
 * the order of the items. An item may be several connections in a row that are alike. The receiver holds them and answers `received`. The sender says `go` and
 * closes its copies of what was not refused; only then does the receiver read from them. So at most one process reads
 * from a connection, and as long as either lives it is held.
 */
export const item = v.object({
  kind: v.pipe(v.string(), v.maxLength(16)),
  listener: v.string(),
  meta: v.record(v.string(), v.unknown()),
  inputBytes: count,
  outputBytes: count,
  /** So many connections without bytes; 1 if it is not there. */
  times: v.optional(v.pipe(count, v.minValue(1), v.maxValue(batchLimit))),
});

export const senderMessage = v.variant("type", [
  v.object({
    type: v.literal("prepare"),
    batch: count,
    items: v.pipe(
      v.array(item),
      v.minLength(1),
      v.maxLength(batchLimit),
      v.check((items) => countConnections(items) <= batchLimit, `over ${batchLimit} connections`),
      v.check((items) => items.every(isPlainIfRepeated), "several connections with the same bytes"),
    ),
  }),
  v.object({ type: v.literal("go"), batch: count }),
  /** With a memfd of the values, if there are any: the state as it is after this worker's last change to it. */
  v.object({ type: v.literal("state"), entries: stateEntries }),
  /** Nothing more will come. */
  v.object({ type: v.literal("end") }),
]);

export const receiverMessage = v.object({
  type: v.literal("received"),
  batch: count,
  /** Positions in the batch that the receiver has no use for; their fds are closed there. */
  refused: v.array(count),
  /** So many connections the next batch may have; {@link untoldLimit}, and none with `times`, from one that does not say. */
  most: v.optional(v.pipe(count, v.minValue(1))),
});

export type Item = v.InferOutput<typeof item>;
export type SenderMessage = v.InferOutput<typeof senderMessage>;
export type ReceiverMessage = v.InferOutput<typeof receiverMessage>;

function countConnections(items: readonly { readonly times?: number | undefined }[]): number {
  return items.reduce((sum, { times = 1 }) => sum + times, 0);
}

function isPlainIfRepeated({ times = 1, inputBytes, outputBytes }: Item): boolean {
  return times === 1 || inputBytes + outputBytes === 0;
}
