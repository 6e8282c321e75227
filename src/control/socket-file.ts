import { closeSync, constants, fstatSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { type Failure, fail, type Result, succeed } from "../lib/failure.js";

/** Not among Node's constants: open(2), the kernel's generic number. */
const O_PATH = 0o10000000;

/** A socket's file, held: whatever is put in its place meanwhile, `path` leads to this one. */
export interface HeldSocketFile {
  readonly path: string;
  readonly release: () => void;
}

/**
 * Holds the file of a control socket in a directory that belongs to a service's user, who may put there what he likes. Fails with
 * `socket-foreign` where that is a link, or a socket of somebody else: what is asked of one service is not to be done by another. Throws
 * where it cannot be looked at.
 */
export function holdSocketFile(socketPath: string): Result<HeldSocketFile, Failure<"socket-foreign">> {
  const fd = openSync(socketPath, O_PATH | constants.O_NOFOLLOW);
  const release = (): void => closeSync(fd);
  const file = fstatSync(fd);
  const { uid } = file;
  const owner = statSync(dirname(socketPath)).uid;
  const why = file.isSocket()
    ? `it belongs to user ${uid}, and its directory to user ${owner}`
    : "it is a link, or no socket at all";
  if (file.isSocket() && uid === owner) return succeed({ path: `/proc/self/fd/${fd}`, release });
  release();
  return fail("socket-foreign", `cannot trust ${socketPath}: ${why}; remove it, and restart the service`);
}
