import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { findProgram } from "./find-program.js";
import { findGroup } from "./groups.js";

const run = promisify(execFile);
const idTimeoutMs = 5_000;

/**
 * Whether a user is in a group by what the system knows of both, a directory service included. A user or a group that there is not is in none.
 * A name of digits alone, or that begins like an option, is no user's.
 */
export async function isInGroup(user: string, group: string): Promise<boolean> {
  if (!/^[A-Za-z_][A-Za-z0-9_.@-]{0,63}$/.test(user)) return false;
  const gid = await findGroup(group);
  if (gid === undefined) return false;
  try {
    const { stdout } = await run(findProgram("id"), ["-G", "--", user], { timeout: idTimeoutMs });
    return stdout.trim().split(" ").includes(String(gid));
  } catch {
    return false;
  }
}
