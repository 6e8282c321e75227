import { type WishFlag, wishFor } from "../../control/upgrade-wish.js";
import { fail, succeed } from "../../lib/failure.js";
import { whyOf } from "../ask-for-upgrade.js";
import type { CommandLine, End } from "../command.js";
import type { OptionName } from "../command-options.js";
import { commitAll } from "./commit-all.js";
import type { Joint } from "./follow-member.js";
import { findMembers } from "./member.js";
import { stageAll } from "./stage-all.js";
import { createTeller } from "./teller.js";
import { startPatiences } from "./two-patiences.js";

/**
 * Upgrades several instances that belong together: all are staged, then all are committed, and when one fails its trial (with `--proved`: its
 * probation) the others go back, too.
 */
export async function upgradeTogether(names: readonly string[], line: CommandLine): Promise<End> {
  const refusal = refuseOptions(line);
  if (refusal !== undefined) return refusal;
  const members = await findMembers(names, line);
  if (!members.ok) return members;
  return withJoint(line, async (joint) => {
    const { teller } = joint;
    const wish = wishFor((flag: WishFlag) => flag === "force" && line.flags.has(flag));
    const staged = await stageAll(members.value, joint, wish);
    if (!staged.ok) return staged;
    if (!line.flags.has("stage")) return commitAll(staged.value, joint);
    teller.say(`all stand by; \`holdfast commit ${names.join(" ")}\` lets them serve`);
    const instances = staged.value.map(({ name: instance, generation }) => {
      return { instance, generation, fate: "staged" as const };
    });
    teller.sum({ committedWithinMs: null, instances });
    return succeed("done");
  });
}

/** What several instances cannot be asked for at once; undefined where there is nothing. */
export function refuseOptions({ flags }: CommandLine): End | undefined {
  const given = [...refused.keys()].find((option) => flags.has(option));
  return given && fail("usage", `--${given} is for one instance: ${refused.get(given)}`);
}

const refused: ReadonlyMap<OptionName, string> = new Map([
  ["hold", "of several it would leave trials that end one by one; `--stage` lets them stand by together"],
  ["no-wait", "several are committed when all of them stand by, and somebody has to wait for that"],
]);

/** What is the same for all of them, for as long as `work` takes. */
export async function withJoint(line: CommandLine, work: (joint: Joint) => Promise<End>): Promise<End> {
  const patiences = startPatiences(line.timeoutMs);
  const wait = line.flags.has("proved") ? "proved" : "done";
  try {
    return await work({ teller: createTeller(line), patiences, wait, why: whyOf(line) });
  } finally {
    patiences.end();
  }
}
