import { lstatSync, readdirSync } from "node:fs";
import type { ControlAddress } from "../control/exchange.js";
import { controlSocketIn, runtimeBases, type Surroundings } from "../lib/directories.js";
import { errorCode } from "../lib/failure.js";
import { isOwnFolder } from "../linux/own-folder.js";

/** An instance with a control socket; whether anybody listens there is not known yet. */
export interface Running {
  readonly name: string;
  readonly address: ControlAddress;
}

/** Every instance that a user may know of; of one name the first. */
export function findRunning(surroundings: Surroundings): readonly Running[] {
  const found = new Map<string, Running>();
  for (const base of runtimeBases(surroundings).filter(isOwnFolder)) {
    for (const name of namesIn(base)) {
      const socketPath = controlSocketIn(`${base}/${name}`);
      if (found.has(name) || !isThere(socketPath)) continue;
      found.set(name, { name, address: { socketPath, instance: name, wary: true } });
    }
  }
  return [...found.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
}

function namesIn(base: string): string[] {
  try {
    return readdirSync(base);
  } catch {
    return [];
  }
}

/** A socket that may not be seen counts as there: connecting to it tells why it may not. */
export function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    return errorCode(error) === "EACCES";
  }
}
