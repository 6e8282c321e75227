import { createHash } from "node:crypto";
import * as v from "valibot";
import { item } from "../../channel/peer-messages.js";
import { stateEntries } from "../../channel/worker-messages.js";
import { type Failure, fail, messageOf, type Result, succeed } from "../../lib/failure.js";
import { count } from "../../lib/numbers.js";
import { fillMemfd, readMemfd } from "../../linux/memfd.js";
import { countBytes } from "../moving-connections/pack-connections.js";

/** Counted up whenever an older library would misread it. */
const parcelFormat = 1;
const envelopeLimitBytes = 200;
const parcelLimitBytes = 256 * 1024 * 1024;

const headSchema = v.object({
  /** Each fd in the store is known by its socket's inode; the store has no order. */
  connections: v.array(v.object({ socket: v.string(), ...item.entries })),
  state: stateEntries,
});
const envelopeSchema = v.object({
  format: v.pipe(count, v.minValue(1)),
  sha256: v.string(),
  headBytes: count,
});

export type ParcelHead = v.InferOutput<typeof headSchema>;

/** What goes to the next process beside the fds themselves. */
export interface Parcel {
  readonly head: ParcelHead;
  /** Each connection's input and output, then the values of the state, in the order of the head. */
  readonly bytes: Buffer;
}

/** A memfd with the parcel, the caller's to close: an envelope in one line, the head as JSON, the bytes. */
export function packParcel({ head, bytes }: Parcel): number {
  const headBytes = Buffer.from(JSON.stringify(head));
  const body = Buffer.concat([headBytes, bytes]);
  const envelope = { format: parcelFormat, sha256: hash(body), headBytes: headBytes.length };
  const all = Buffer.concat([Buffer.from(`${JSON.stringify(envelope)}\n`), body]);
  return fillMemfd("holdfast-parcel", all);
}

/** Fails with `parcel-damaged` or, for one of a later library, `parcel-newer`; never throws. Does not close the fd. */
export function unpackParcel(fd: number): Result<Parcel, Failure<"parcel-damaged" | "parcel-newer">> {
  try {
    const all = readMemfd(fd, parcelLimitBytes);
    return all === undefined ? fail("parcel-damaged", "it is no parcel") : decode(all);
  } catch (error) {
    return fail("parcel-damaged", messageOf(error));
  }
}

function decode(all: Buffer): Result<Parcel, Failure<"parcel-damaged" | "parcel-newer">> {
  const end = all.subarray(0, envelopeLimitBytes).indexOf("\n");
  if (end < 0) return fail("parcel-damaged", "it has no envelope");
  const { format, sha256, headBytes } = v.parse(
    envelopeSchema,
    JSON.parse(all.subarray(0, end).toString("utf8")),
  );
  if (format > parcelFormat) return fail("parcel-newer", `its format ${format} is of a later version`);
  const body = all.subarray(end + 1);
  if (hash(body) !== sha256) return fail("parcel-damaged", "its checksum does not match its content");
  const head = v.parse(headSchema, JSON.parse(body.subarray(0, headBytes).toString("utf8")));
  const bytes = body.subarray(headBytes);
  if (bytes.length !== totalOf(head)) return fail("parcel-damaged", "it has not the bytes that it names");
  return succeed({ head, bytes });
}

function totalOf({ connections, state }: ParcelHead): number {
  return state.reduce((sum, { bytes }) => sum + bytes, countBytes(connections));
}

function hash(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
