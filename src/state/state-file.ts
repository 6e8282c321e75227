import { constants as limits } from "node:buffer";
import { closeSync, constants, fstatSync, mkdirSync, openSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { errorCode, type Failure, fail, messageOf, type Result, succeed } from "../lib/failure.js";
import { replaceFile } from "../linux/replace-file.js";
import { decodeRecord, type RecordFailure } from "./encode.js";
import type { StateRecord } from "./record.js";

export function stateFilePath(directory: string): string {
  return join(directory, "state.json");
}

export type StateFileFailure = RecordFailure | Failure<"state-unreadable" | "state-foreign">;

/**
 * Reads `state.json`; undefined when there is none. Changes nothing on disk. Fails for a file that is damaged, of
 * a later version, or owned by somebody else (whoever can write it could have workers killed or started), unless it is only to be
 * `shown`.
 */
export function readStateFile(
  directory: string,
  { shown = false } = {},
): Result<StateRecord | undefined, StateFileFailure> {
  const file = stateFilePath(directory);
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return succeed(undefined);
    return fail("state-unreadable", `cannot read the state file ${file}: ${messageOf(error)}`);
  }
  try {
    const { uid, size } = fstatSync(fd);
    if (!shown && uid !== process.geteuid?.() && uid !== 0) {
      return fail("state-foreign", `cannot use the state file ${file}: it is owned by uid ${uid}`);
    }
    if (size > limits.MAX_STRING_LENGTH) {
      return fail("state-damaged", `cannot use the state file ${file}: ${size} bytes are too many`);
    }
    const decoded = decodeRecord(readFileSync(fd, "utf8"));
    if (decoded.ok) return decoded;
    const { reason, message } = decoded.failure;
    return fail(reason, `cannot use the state file ${file}: ${message}`);
  } catch (error) {
    return fail("state-unreadable", `cannot read the state file ${file}: ${messageOf(error)}`);
  } finally {
    closeSync(fd);
  }
}

/** Replaces the file atomically and durably; `text` is an encoded record. */
export function writeStateFile(directory: string, text: string): Result<void, Failure<"state-unwritable">> {
  const file = stateFilePath(directory);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    replaceFile(file, text);
    return succeed(undefined);
  } catch (error) {
    return fail("state-unwritable", `cannot write the state file ${file}: ${messageOf(error)}`);
  }
}

const namedAfter: Readonly<Record<StateFileFailure["reason"], string>> = {
  "state-damaged": "damaged",
  "state-foreign": "foreign",
  "state-newer": "newer",
  "state-unreadable": "unreadable",
};

/** Keeps a file that cannot be used, under a name that says so; returns that name, undefined if it cannot be moved. */
export function setAside(directory: string, reason: StateFileFailure["reason"]): string | undefined {
  const file = stateFilePath(directory);
  const aside = `${file}.${namedAfter[reason]}-${Date.now()}`;
  try {
    renameSync(file, aside);
    return aside;
  } catch {
    return undefined;
  }
}
