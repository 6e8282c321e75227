import { type Failure, fail, type Result, succeed } from "../../lib/failure.js";
import { isAway, pause, reconnectMs } from "../patience.js";
import { followMember, type Joint } from "./follow-member.js";
import type { Staged } from "./member.js";

const againMs = 100;

/**
 * Takes an instance back from its new generation, whatever that does by now: one that stands by ends; one that is about to be committed
 * is left as soon as it is. Done as well where it is gone already, as by a judge. Fails where the instance stays with it, or cannot tell.
 */
export async function leaveGeneration(
  member: Staged,
  { teller, patiences: { leaving: signal } }: Joint,
  message: string,
): Promise<Result<void, Failure>> {
  const { client, before, generation } = member;
  let awaySince: number | undefined;
  for (;;) {
    const result = await followMember(member, teller, {
      step: "back",
      signal,
      begin: (following) => client.follow("rollback", following, { to: before, only: generation, message }),
    });
    if (result.ok) {
      const failure = result.value?.failure ?? null;
      return failure === null ? succeed(undefined) : { ok: false, failure };
    }
    const { failure } = result;
    if (signal.aborted) return fail("gave-up-waiting", "it was told to go back, and nobody waited for it");
    if (failure.reason === "other-generation") {
      awaySince = undefined;
      if (await isGone(member)) return succeed(undefined);
    } else if (failure.reason !== "daemon-gone" && isAway(failure)) {
      awaySince ??= performance.now();
      if (performance.now() - awaySince > reconnectMs) return result;
    } else return result;
    await pause(againMs, signal);
  }
}

/** It neither serves nor is it about to: what serves is another one. */
async function isGone({ client, generation }: Staged): Promise<boolean> {
  const status = await client.status();
  if (!status.ok) return false;
  const there = status.value.generations.find(({ id }) => id === generation);
  return there?.phase !== "candidate" && there?.phase !== "active";
}
