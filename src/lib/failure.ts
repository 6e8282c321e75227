import type { Reason, ReasonOf, Room } from "./reasons.js";

/**
 * Expected outcomes are values: a call that may fail for a reason a person can mend returns a `Result`.
 * Bugs and a broken environment throw.
 */
export type Result<T, F extends Failure> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: F };

/** Why something did not happen. `reason` is for programs and stays stable (docs/reasons.md); `message` is for people. */
export interface Failure<R extends Reason = Reason> {
  readonly reason: R;
  /** "cannot <verb> <object>: <why>", with what to do where that is known. */
  readonly message: string;
  /** The end of what a command that failed printed: for those who may read it, and never in STATUS=, which everybody may. */
  readonly output?: string;
}

/** Any for which a room can fail. */
export type FailureOf<R extends Room> = Failure<ReasonOf<R>>;

export function succeed<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

export function fail<R extends Reason>(
  reason: R,
  message: string,
): { readonly ok: false; readonly failure: Failure<R> } {
  return { ok: false, failure: { reason, message } };
}

/** The one thrown error class: a literal `code` to tell cases apart and, where there is one, the `cause`. */
export class HoldfastError extends Error {
  readonly code: Reason;

  constructor(code: Reason, message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.name = "HoldfastError";
    this.code = code;
  }
}

/** `ENOENT` and the like of a failed system call. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

const outOfFds =
  "too many open files: raise LimitNOFILE= of the unit, or let fewer generations drain at a time (drain.timeout)";

/** The message of anything that was thrown; of a failed system call what and where, without the call's name. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Whatever it was to be opened for.
  if (errorCode(error) === "EMFILE") return outOfFds;
  const [, what, path] = /^E[A-Z0-9]+: (.+?), [a-z]+(?: '(.*?)')?(?: -> '.*')?$/s.exec(error.message) ?? [];
  if (what === undefined) return error.message;
  return path === undefined ? what : `${what}: ${path}`;
}
