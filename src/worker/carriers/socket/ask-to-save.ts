import { type Failure, fail, messageOf, type Result, succeed } from "../../../lib/failure.js";
import { findLost } from "../../../lib/lost-in-json.js";

/** What `save` returns when a connection must not move yet, because an answer is still being worked on. */
export const notYet: unique symbol = Symbol("not yet");

/**
 * Asks the app for what goes along with a connection, as it will look on the other side: a JSON value, or undefined
 * where the app returned that. Fails with `save-failed` when `save` throws or returns what JSON would lose, like a
 * Map or a Promise; a value with a `toJSON` of its own is taken at its word.
 */
export function askToSave(save: () => unknown): Result<unknown, Failure<"save-failed">> | typeof notYet {
  try {
    const saved = save();
    if (saved === notYet) return notYet;
    if (saved === undefined) return succeed(undefined);
    const text = JSON.stringify(saved);
    const lost = findLost(saved);
    if (lost !== undefined || text === undefined) {
      return fail(
        "save-failed",
        `cannot save a connection: ${lost ?? "the value"} cannot be written as JSON`,
      );
    }
    const copy: unknown = JSON.parse(text);
    return succeed(copy);
  } catch (error) {
    return fail("save-failed", `cannot save a connection: ${messageOf(error)}`);
  }
}
