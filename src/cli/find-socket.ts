import { readdirSync, statSync } from "node:fs";
import { basename } from "node:path";
import { controlSocketIn, firstOf, runtimeBases, type Surroundings } from "../lib/directories.js";
import { errorCode, type Failure, fail, type Result, succeed } from "../lib/failure.js";

export interface Wanted extends Surroundings {
  readonly name?: string | undefined;
  readonly socket?: string | undefined;
}

/**
 * The control socket of the instance that is meant. Fails with `not-running` when there is none and with `usage` when
 * there are several to choose from. Whether anybody listens there is for the connection to find out.
 */
export function findSocket(wanted: Wanted): Result<string, Failure<"not-running" | "usage">> {
  if (wanted.socket !== undefined) return succeed(wanted.socket);
  return wanted.name === undefined ? findOnly(wanted) : findNamed(wanted, wanted.name);
}

function findNamed(
  surroundings: Surroundings,
  name: string,
): Result<string, Failure<"not-running" | "usage">> {
  const own = firstOf(surroundings.env["RUNTIME_DIRECTORY"]);
  const usual = runtimeBases(surroundings)
    .filter(isTrusted)
    .map((base) => `${base}/${name}`);
  // A worker may ask for another instance than its own: a directory that carries the name comes first.
  const directories = own === undefined ? usual : basename(own) === name ? [own, ...usual] : [...usual, own];
  const sockets = directories.map(controlSocketIn);
  const found = sockets.find(isThere);
  if (found !== undefined) return succeed(found);
  const where = sockets.length === 0 ? "" : ` (there is no ${sockets.join(", no ")})`;
  return fail("not-running", `cannot reach ${name}: it is not running${where}`);
}

function findOnly(surroundings: Surroundings): Result<string, Failure<"not-running" | "usage">> {
  const own = firstOf(surroundings.env["RUNTIME_DIRECTORY"]);
  if (own !== undefined && isThere(controlSocketIn(own))) return succeed(controlSocketIn(own));
  const directories = runtimeBases(surroundings)
    .filter(isTrusted)
    .flatMap((base) => namesIn(base).map((name) => `${base}/${name}`))
    .filter((directory) => isThere(controlSocketIn(directory)));
  const [first, second] = directories;
  if (first === undefined) return fail("not-running", "cannot reach a daemon: none is running");
  if (second === undefined) return succeed(controlSocketIn(first));
  const names = directories.map((directory) => basename(directory)).join(", ");
  return fail("usage", `several instances run: say which one with -n: ${names}`);

  function namesIn(base: string): string[] {
    try {
      return readdirSync(base).sort();
    } catch {
      return [];
    }
  }
}

/** In /tmp anybody could have made a directory of that name and wait there for somebody's commands. */
function isTrusted(base: string): boolean {
  const owner = statSync(base, { throwIfNoEntry: false })?.uid;
  return owner === 0 || owner === process.geteuid?.();
}

/** A socket that may not be seen counts as there: connecting to it tells why it may not. */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    return errorCode(error) === "EACCES";
  }
}
