import { lstatSync, readdirSync } from "node:fs";
import { basename } from "node:path";
import type { ControlAddress } from "../control/exchange.js";
import { controlSocketIn, firstOf, runtimeBases, type Surroundings } from "../lib/directories.js";
import { errorCode, fail, type Result, succeed } from "../lib/failure.js";
import { isOwnFolder } from "../linux/own-folder.js";

export interface Wanted extends Surroundings {
  readonly name?: string | undefined;
  readonly socket?: string | undefined;
}

/**
 * The control socket of the instance that is meant; one that was not named by its path is asked with care. Fails with `not-running` when there is none and with `usage` when
 * there are several to choose from. Whether anybody listens there is for the connection to find out.
 */
export function findSocket(wanted: Wanted): Result<ControlAddress> {
  if (wanted.socket !== undefined) return succeed({ socketPath: wanted.socket });
  return wanted.name === undefined ? findOnly(wanted) : findNamed(wanted, wanted.name);
}

function findNamed(surroundings: Surroundings, name: string): Result<ControlAddress> {
  const own = firstOf(surroundings.env["RUNTIME_DIRECTORY"]);
  // In /tmp anybody could have made a directory of that name and wait there for somebody's commands.
  const usual = runtimeBases(surroundings)
    .filter(isOwnFolder)
    .map((base) => `${base}/${name}`);
  // A worker may ask for another instance than its own: a directory that carries the name comes first.
  const directories = own === undefined ? usual : basename(own) === name ? [own, ...usual] : [...usual, own];
  const sockets = directories.map(controlSocketIn);
  const found = sockets.find(isThere);
  if (found !== undefined) return succeed({ socketPath: found, instance: name, wary: true });
  const where = sockets.length === 0 ? "" : ` (there is no ${sockets.join(", no ")})`;
  return fail("not-running", `cannot reach ${name}: it is not running${where}`);
}

function findOnly(surroundings: Surroundings): Result<ControlAddress> {
  const own = firstOf(surroundings.env["RUNTIME_DIRECTORY"]);
  if (own !== undefined && isThere(controlSocketIn(own)))
    return succeed({ socketPath: controlSocketIn(own), wary: true });
  const directories = runtimeBases(surroundings)
    .filter(isOwnFolder)
    .flatMap((base) => namesIn(base).map((name) => `${base}/${name}`))
    .filter((directory) => isThere(controlSocketIn(directory)));
  const [first, second] = directories;
  if (first === undefined) return fail("not-running", "cannot reach a daemon: none is running");
  if (second === undefined)
    return succeed({ socketPath: controlSocketIn(first), instance: basename(first), wary: true });
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

/** A socket that may not be seen counts as there: connecting to it tells why it may not. */
function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    return errorCode(error) === "EACCES";
  }
}
