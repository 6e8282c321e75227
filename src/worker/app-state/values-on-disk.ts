import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { stateEntries } from "../../channel/worker-messages.js";
import { errorCode, type Failure, fail, messageOf, type Result, succeed } from "../../lib/failure.js";
import { replaceFile } from "../../linux/replace-file.js";
import type { SavedValues } from "./saved-values.js";

const fileSchema = v.object({ entries: stateEntries, values: v.string() });

/** No write takes so long: who has begun it was killed. */
const abandonedMs = 60_000;

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

/**
 * Undefined when nothing was ever written. What cannot be read is set aside under another name; what somebody has begun to write and did
 * not live to end is removed.
 */
export function readValues(
  directory: string,
  file: string,
): Result<SavedValues | undefined, Failure<"state-damaged" | "state-unreadable">> {
  const path = join(directory, file);
  removeAbandoned(directory, file);
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

function removeAbandoned(directory: string, file: string): void {
  try {
    const begun = readdirSync(directory).filter(
      (name) => name.startsWith(`${file}.`) && name.endsWith(".new"),
    );
    for (const path of begun.map((name) => join(directory, name))) {
      if (Date.now() - statSync(path).mtimeMs > abandonedMs) rmSync(path, { force: true });
    }
  } catch {
    // There is no directory yet, or another worker was first.
  }
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
