import { fail } from "../../lib/failure.js";
import type { CommandLine, End } from "../command.js";
import { commitAll } from "./commit-all.js";
import { findMembers, findStaged, type Staged } from "./member.js";
import { refuseOptions, withJoint } from "./upgrade-together.js";

/** Lets several instances serve whose new generations stand by, as the end of an upgrade of them together. */
export async function commitTogether(names: readonly string[], line: CommandLine): Promise<End> {
  const refusal = refuseOptions(line);
  if (refusal !== undefined) return refusal;
  const members = await findMembers(names, line);
  if (!members.ok) return members;
  const looked = await Promise.all(members.value.map(findStaged));
  const staged = looked.flatMap((one): Staged[] => (one.ok && one.value !== undefined ? [one.value] : []));
  const missing = names.filter((name) => !staged.some((one) => one.name === name));
  if (missing.length > 0) {
    const what = `cannot commit together: no generation stands by of ${missing.join(", ")}`;
    return fail("not-together", `${what}; nothing was asked of any instance`);
  }
  return withJoint(line, (joint) => commitAll(staged, joint));
}
