import type { Failure } from "../../lib/failure.js";
import type { Outcome } from "../../model/upgrade-state.js";
import { followMember, type Joint } from "./follow-member.js";
import type { Staged } from "./member.js";

/**
 * How a commit ended. `bad`: its daemon found that out and sees to the way back. `replaced`: somebody else has asked for another
 * version meanwhile. `lost`: the daemon said no, or nothing. `left`: it goes on, and nobody waits for it any more.
 */
export type CommitEnd =
  | { readonly kind: "good"; readonly outcome: Outcome | null }
  | { readonly kind: "bad"; readonly outcome: Outcome; readonly why: string }
  | { readonly kind: "replaced" }
  | { readonly kind: "lost"; readonly failure: Failure }
  | { readonly kind: "left" };

/** Lets a generation that stands by serve, and waits for its trial, or as long as was asked for. `onActive`: it serves. */
export async function commitOne(
  member: Staged,
  { teller, wait, why }: Joint,
  signal: AbortSignal,
  onActive: () => void,
): Promise<CommitEnd> {
  const { client, generation } = member;
  const result = await followMember(member, teller, {
    step: "commit",
    signal,
    wait,
    begin: (following) => client.followCommit(following, { ...why, only: generation }),
    onNews: (news) => {
      if (news.event === "generation-active" && news.generation === generation) onActive();
    },
  });
  if (!result.ok) return signal.aborted ? { kind: "left" } : { kind: "lost", failure: result.failure };
  return judge(result.value);
}

function judge(outcome: Outcome | null): CommitEnd {
  if (outcome === null) return { kind: "good", outcome };
  const { failure, verdict } = outcome;
  if (failure !== null) return { kind: "bad", outcome, why: failure.message };
  if (verdict?.kind === "rejected") return { kind: "bad", outcome, why: verdict.failure.message };
  return verdict?.kind === "replaced" ? { kind: "replaced" } : { kind: "good", outcome };
}
