import type { UpgradeWish } from "../../control/upgrade-wish.js";
import { formatDuration } from "../../lib/duration.js";
import { type Failure, fail, type Result, succeed } from "../../lib/failure.js";
import { tellEnd } from "../end-of-upgrade.js";
import { followMember, type Joint } from "./follow-member.js";
import { leaveGeneration } from "./leave-generation.js";
import { findStaged, type Member, type Staged } from "./member.js";
import type { Fate } from "./teller.js";

/** All of them stand by, or none does any more and nothing else has happened. */
export async function stageAll(
  members: readonly Member[],
  joint: Joint,
  wish: UpgradeWish,
): Promise<Result<readonly Staged[], Failure>> {
  const { teller, patiences } = joint;
  const announce = (): void =>
    teller.say(`${patiences.waiting.over()}: nothing is committed; what is being started is waited for`);
  patiences.waiting.signal.addEventListener("abort", announce);
  const ends = await Promise.all(members.map((member) => stageOne(member, joint, wish)));
  patiences.waiting.signal.removeEventListener("abort", announce);
  const staged = ends.flatMap((end) => (end.ok ? [end.value] : []));
  const failures = ends.flatMap((end) => (end.ok ? [] : [end.failure]));
  const over = patiences.waiting.over();
  if (failures.length === 0 && over === undefined) return succeed(staged);
  const left = await giveUpAll(staged, joint, failures[0]?.message ?? over ?? "");
  teller.sum({ committedWithinMs: null, instances: members.map((member) => sumUp(member, staged, left)) });
  const [first] = failures;
  const lines = [
    ...(over === undefined ? [] : [`${over}: nothing was committed`]),
    ...failures.map(({ message }) => message),
    ...(over === undefined ? ["nothing was committed: all serve what they served before"] : []),
    ...left.map(
      ({ name, why }) => `${name} still stands by: ${why}; \`holdfast -n ${name} rollback\` ends it`,
    ),
  ];
  return fail(over === undefined ? (first?.reason ?? "upgrade-failed") : "gave-up-waiting", lines.join("\n"));
}

async function stageOne(member: Member, joint: Joint, wish: UpgradeWish): Promise<Result<Staged, Failure>> {
  const { name, client } = member;
  const { teller, patiences, why } = joint;
  const { leaving: signal } = patiences;
  const result = await followMember(member, teller, {
    step: "stage",
    signal,
    begin: (following) => client.follow("upgrade", following, { ...wish, ...why, stage: true }),
  });
  const refuse = (failure: Failure): Result<never, Failure> => {
    teller.say("it cannot be staged, so nothing is committed", member);
    return fail(failure.reason, `${name}: ${failure.message}`);
  };
  if (!result.ok && signal.aborted) {
    const remedy = `\`holdfast -n ${name} rollback\` ends it then`;
    return fail(
      "gave-up-waiting",
      `${name}: its new version is still being started, and will stand by; ${remedy}`,
    );
  }
  if (!result.ok) return refuse(result.failure);
  const { value: outcome } = result;
  if (outcome !== null && outcome.failure !== null) {
    const following = { signal, onAccepted() {}, onNews() {} };
    const end = await tellEnd(client, { outcome, done: "staged", wait: "done", following, say: () => {} });
    return refuse(end.ok ? replaced : end.failure);
  }
  const staged = await findStaged(member);
  if (!staged.ok) return refuse(staged.failure);
  // Another request may have taken its place, or joined it while it waited.
  if (outcome === null || staged.value?.generation !== outcome.generation) return refuse(replaced);
  teller.say(`generation ${outcome.generation} stands by after ${formatDuration(outcome.tookMs)}`, member);
  return succeed(staged.value);
}

const replaced: Failure = {
  reason: "upgrade-failed",
  message: "its new version does not stand by: something else was asked of it meanwhile",
};

interface Left {
  readonly name: string;
  readonly why: string;
}

/** Those that could not be given up. */
export async function giveUpAll(
  staged: readonly Staged[],
  joint: Joint,
  message: string,
): Promise<readonly Left[]> {
  const left = await Promise.all(
    staged.map(async (member): Promise<Left[]> => {
      const ended = await leaveGeneration(member, joint, message);
      if (!ended.ok) return [{ name: member.name, why: ended.failure.message }];
      joint.teller.say(`generation ${member.generation} is given up`, member);
      return [];
    }),
  );
  return left.flat();
}

function sumUp({ name }: Member, staged: readonly Staged[], left: readonly Left[]) {
  const generation = staged.find((one) => one.name === name)?.generation ?? null;
  const stays = left.some((one) => one.name === name);
  const fate: Fate = generation === null ? "failed" : stays ? "staged" : "given-up";
  return { instance: name, generation, fate };
}
