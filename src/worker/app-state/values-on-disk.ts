import { mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { stateEntries } from "../../channel/worker-messages.js";
import { errorCode, type Failure, fail, messageOf, type Result, succeed } from "../../lib/failure.js";
import { replaceFile } from "../../linux/replace-file.js";
import type { SavedValues } from "./saved-values.js";

const fileSchema = v.object({ entries: stateEntries, values: v.string() });

/** Replaces the file atomically and durably; mode 0600. */
export function writeValues(
  directory: string,
  file: string,
  { entries, bytes }: SavedValues,
): Result<void, Failure<"state-unwritable">> {
  const path = join(directory, file);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const text = JSON.stringify({ entries, values: bytes.toString("utf8") });
    // Around a hand-over the old worker and the new one may write at the same moment.
    replaceFile(path, text, `${path}.${process.pid}.new`);
    return succeed(undefined);
  } catch (error) {
    return fail("state-unwritable", `cannot write the app's state ${path}: ${messageOf(error)}`);
  }
}

/** Undefined when nothing was ever written. What cannot be read is set aside under another name. */
export function readValues(
  directory: string,
  file: string,
): Result<SavedValues | undefined, Failure<"state-damaged" | "state-unreadable">> {
  const path = join(directory, file);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return succeed(undefined);
    return fail("state-unreadable", `cannot read the app's state ${path}: ${messageOf(error)}`);
  }
  const parsed = parseFile(text);
  if (parsed !== undefined) return succeed(parsed);
  const aside = `${path}.damaged-${Date.now()}`;
  try {
    renameSync(path, aside);
  } catch {
    // It stays where it is, and is overwritten by the next save.
  }
  return fail("state-damaged", `cannot use the app's state ${path}: it is damaged; it is kept as ${aside}`);
}

function parseFile(text: string): SavedValues | undefined {
  try {
    const parsed = v.safeParse(fileSchema, JSON.parse(text));
    return parsed.success
      ? { entries: parsed.output.entries, bytes: Buffer.from(parsed.output.values) }
      : undefined;
  } catch {
    return undefined;
  }
}
