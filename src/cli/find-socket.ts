import { basename } from "node:path";
import type { ControlAddress } from "../control/exchange.js";
import { findRunning, isThere, type Running } from "../instances/find-running.js";
import { controlSocketIn, firstOf, runtimeBases, type Surroundings } from "../lib/directories.js";
import { type Failure, fail, type Result, succeed } from "../lib/failure.js";
import { isOwnFolder } from "../linux/own-folder.js";

export interface Wanted extends Surroundings {
  readonly name?: string | undefined;
  readonly socket?: string | undefined;
}

/**
 * The control socket of the instance that is meant; one that was not named by its path is asked with care. Fails with `not-running`
 * when there is none and with `usage` when there are several to choose from. Whether anybody listens there is for the connection to find out.
 */
export function findSocket(wanted: Wanted): Result<ControlAddress, Failure<"not-running" | "usage">> {
  if (wanted.socket !== undefined) return succeed({ socketPath: wanted.socket });
  return wanted.name === undefined ? findOnly(wanted) : findNamed(wanted, wanted.name);
}

function findNamed(
  surroundings: Surroundings,
  name: string,
): Result<ControlAddress, Failure<"not-running" | "usage">> {
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

function findOnly(surroundings: Surroundings): Result<ControlAddress, Failure<"not-running" | "usage">> {
  const own = ownSocket(surroundings);
  if (own !== undefined) return succeed({ socketPath: own, wary: true });
  const [first, ...others] = findRunning(surroundings);
  if (first === undefined) return fail("not-running", "cannot reach a daemon: none is running");
  if (others.length === 0) return succeed(first.address);
  const names = [first, ...others].map(({ name }) => name).join(", ");
  return fail("usage", `several instances run: say which one with -n: ${names}`);
}

/** Of the service whose command this process is. */
function ownSocket({ env }: Surroundings): string | undefined {
  const own = firstOf(env["RUNTIME_DIRECTORY"]);
  return own !== undefined && isThere(controlSocketIn(own)) ? controlSocketIn(own) : undefined;
}

/** All instances that a command without a name could mean, by name: none where it means the service that it belongs to. */
export function findSeveral(surroundings: Surroundings): readonly Running[] {
  const found = ownSocket(surroundings) === undefined ? findRunning(surroundings) : [];
  return found.length > 1 ? found : [];
}
