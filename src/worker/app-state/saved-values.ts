import { createHash } from "node:crypto";
import type { StateEntry } from "../../channel/worker-messages.js";
import { type Failure, fail, messageOf, type Result, succeed } from "../../lib/failure.js";
import { findLost } from "../../lib/lost-in-json.js";
import { fillMemfd, readMemfd } from "../../linux/memfd.js";
import type { AnyState } from "./state-definition.js";

/** Of all values together, as JSON. */
export const stateLimitBytes = 64 * 1024 * 1024;

/** The values of an app at one moment. */
export interface SavedValues {
  readonly entries: readonly StateEntry[];
  readonly bytes: Buffer;
}

/** Asks the app for its values. Fails, naming the state, for one that throws, is no JSON or is too large. */
export function saveValues(
  states: Iterable<AnyState>,
): Result<SavedValues, Failure<"state-unsaved" | "state-too-large">> {
  const entries: StateEntry[] = [];
  const parts: Buffer[] = [];
  let total = 0;
  for (const state of states) {
    let json: string | undefined;
    let lost: string | undefined;
    try {
      const value = state.save();
      json = JSON.stringify(value);
      lost = findLost(value);
    } catch (error) {
      return fail("state-unsaved", `cannot save the state ${state.name}: ${messageOf(error)}`);
    }
    if (json === undefined)
      return fail("state-unsaved", `cannot save the state ${state.name}: save() returned nothing`);
    if (lost !== undefined) {
      return fail("state-unsaved", `cannot save the state ${state.name}: ${lost} cannot be written as JSON`);
    }
    const part = Buffer.from(json);
    total += part.length;
    if (total > stateLimitBytes) {
      return fail(
        "state-too-large",
        `cannot save the state ${state.name}: over ${stateLimitBytes} bytes in all`,
      );
    }
    parts.push(part);
    entries.push({ name: state.name, version: state.version, bytes: part.length, sha256: hash(part) });
  }
  return succeed({ entries, bytes: Buffer.concat(parts) });
}

/** Gives the values to the app. Fails, naming the state, with the first that is damaged or that the app refuses. */
export function takeValues(
  states: ReadonlyMap<string, AnyState>,
  values: SavedValues,
): Result<void, Failure<"state-damaged" | "state-refused">> {
  return visitValues(states, values, (state, value, version) => state.take(value, version));
}

/** Shows the app each value; `visit` throws for one that it refuses. */
export function visitValues(
  states: ReadonlyMap<string, AnyState>,
  { entries, bytes }: SavedValues,
  visit: (state: AnyState, value: unknown, version: number) => void,
): Result<void, Failure<"state-damaged" | "state-refused">> {
  let at = 0;
  for (const { name, version, bytes: length, sha256 } of entries) {
    const part = bytes.subarray(at, at + length);
    at += length;
    const state = states.get(name);
    // The new version of the app has no such state any more.
    if (state === undefined) continue;
    if (part.length !== length || hash(part) !== sha256) {
      return fail("state-damaged", `cannot restore the state ${name}: it is damaged`);
    }
    try {
      visit(state, JSON.parse(part.toString("utf8")), version);
    } catch (error) {
      return fail("state-refused", `cannot restore the state ${name}: ${messageOf(error)}`);
    }
  }
  return succeed(undefined);
}

/** The bytes in a memfd, the caller's to close. */
export function packValues(bytes: Buffer): number {
  return fillMemfd("holdfast-app-state", bytes);
}

/** Undefined when the fd does not hold what the entries say. */
export function unpackValues(entries: readonly StateEntry[], fd: number): SavedValues | undefined {
  const total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  const bytes = total > stateLimitBytes ? undefined : readMemfd(fd, total);
  return bytes?.length === total ? { entries, bytes } : undefined;
}

function hash(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
