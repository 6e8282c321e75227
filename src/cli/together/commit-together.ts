import { fail } from "../../lib/failure.js";
import type { CommandLine, End } from "../command.js";
import { commitAll } from "./commit-all.js";
import { findMembers, type Staged } from "./member.js";
import { refuseOptions, withJoint } from "./upgrade-together.js";

/** Lets several instances serve whose new generations stand by, as the end of an upgrade of them together. */
export async function commitTogether(names: readonly string[], line: CommandLine): Promise<End> {
  const refusal = refuseOptions(line);
  if (refusal !== undefined) return refusal;
  const members = await findMembers(names, line);
  if (!members.ok) return members;
  const staged = members.value.flatMap((member): Staged[] =>
    member.standsBy === null ? [] : [{ ...member, generation: member.standsBy }],
  );
  const missing = members.value.filter(({ standsBy }) => standsBy === null).map(({ name }) => name);
  if (missing.length > 0) {
    const what = `cannot commit together: no generation stands by of ${missing.join(", ")}`;
    return fail("not-together", `${what}; nothing was asked of any instance`);
  }
  return withJoint(line, (joint) => commitAll(staged, joint));
}
