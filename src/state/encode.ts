import { createHash } from "node:crypto";
import * as v from "valibot";
import { type Failure, fail, messageOf, type Result, succeed } from "../lib/failure.js";
import { visible } from "../lib/printable.js";
import { nameOwnListeners } from "./own-origin.js";
import { recordSchema, type StateRecord } from "./record.js";

/** Counted up whenever an older daemon would misread the file. Older formats are migrated, newer ones refused. */
export const stateFormat = 3;

export type RecordFailure = Failure<"state-damaged" | "state-newer">;

const envelopeSchema = v.object({ format: v.number(), checksum: v.string(), record: v.unknown() });

/** What can be written. Fails for a record that would not be read again, and for one that no string of Node can hold. */
export function encodeReadable(record: StateRecord): Result<string, Failure<"state-unwritable">> {
  const problem = findProblem(v.safeParse(recordSchema, record));
  const why = "cannot write the state:";
  if (problem !== undefined) return fail("state-unwritable", `${why} ${problem}. This is a bug of Holdfast`);
  try {
    return succeed(encodeRecord(record));
  } catch (error) {
    return fail("state-unwritable", `${why} ${messageOf(error)}`);
  }
}

export function encodeRecord(record: StateRecord): string {
  const json = JSON.stringify(record);
  return `{"format":${stateFormat},"checksum":"${checksumOf(json)}","record":${json}}\n`;
}

/** Fails with `state-damaged` or, for a file of a later Holdfast, `state-newer`; never throws. */
export function decodeRecord(text: string): Result<StateRecord, RecordFailure> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return fail("state-damaged", `it is cut or not JSON (${messageOf(error)})`);
  }
  const envelope = v.safeParse(envelopeSchema, json);
  if (!envelope.success) return fail("state-damaged", "it is no state file of Holdfast");
  const { format, checksum, record } = envelope.output;
  if (format > stateFormat) {
    const known = `this one knows formats up to ${stateFormat}`;
    return fail("state-newer", `it was written by a later version of Holdfast (format ${format}; ${known})`);
  }
  if (!hasChecksum(record, checksum)) {
    return fail("state-damaged", "its checksum does not match its content");
  }
  const parsed = v.safeParse(recordSchema, record);
  if (!parsed.success) return fail("state-damaged", findProblem(parsed) ?? "");
  return succeed({ ...parsed.output, state: nameOwnListeners(parsed.output.state) });
}

function findProblem(parsed: v.SafeParseResult<typeof recordSchema>): string | undefined {
  if (parsed.success) return undefined;
  const [issue] = parsed.issues;
  return visible(`${v.getDotPath(issue) ?? "its content"}: ${issue.message}`);
}

function hasChecksum(record: unknown, checksum: string): boolean {
  try {
    return checksumOf(JSON.stringify(record)) === checksum;
  } catch {
    // What is nested deeper than it can be written is no record.
    return false;
  }
}

function checksumOf(json: string): string {
  return createHash("sha256").update(json).digest("hex");
}
