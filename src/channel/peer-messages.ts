import * as v from "valibot";
import { count } from "../lib/numbers.js";
import { stateEntries } from "./worker-messages.js";

/** Connections in one packet; the kernel's limit is 253 fds, and a batch is what live traffic waits for. */
export const batchLimit = 50;

/**
 * Between the old worker, which sends, and the new one, which receives. docs/worker-protocol.md, "Hand-over".
 *
 * `prepare` carries one fd an item, and one more, a memfd, when items have bytes: each item's input then output, in
 * the order of the items. The receiver holds them and answers `received`. The sender says `go` and
 * closes its copies of what was not refused; only then does the receiver read from them. So at most one process reads
 * from a connection, and as long as either lives it is held.
 */
export const item = v.object({
  kind: v.pipe(v.string(), v.maxLength(16)),
  listener: v.string(),
  meta: v.record(v.string(), v.unknown()),
  inputBytes: count,
  outputBytes: count,
});

export const senderMessage = v.variant("type", [
  v.object({
    type: v.literal("prepare"),
    batch: count,
    items: v.pipe(v.array(item), v.minLength(1), v.maxLength(batchLimit)),
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
});

export type Item = v.InferOutput<typeof item>;
export type SenderMessage = v.InferOutput<typeof senderMessage>;
export type ReceiverMessage = v.InferOutput<typeof receiverMessage>;
