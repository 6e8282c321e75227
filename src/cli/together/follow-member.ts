import type { Following } from "../../control/client.js";
import type { ControlFailure } from "../../control/replies.js";
import type { UpgradeWish, Wait } from "../../control/upgrade-wish.js";
import type { Result } from "../../lib/failure.js";
import type { News } from "../../model/event.js";
import type { Outcome } from "../../model/upgrade-state.js";
import { type FollowFailure, followUpgrade } from "../follow-upgrade.js";
import type { Member } from "./member.js";
import type { Step, Teller } from "./teller.js";
import type { TwoPatiences } from "./two-patiences.js";

/** What is the same for all members. */
export interface Joint {
  readonly teller: Teller;
  readonly patiences: TwoPatiences;
  /** What is waited for after the commit. */
  readonly wait: Wait;
  /** Why it is asked for. */
  readonly why: Pick<UpgradeWish, "message">;
}

export interface Follow {
  readonly step: Step;
  readonly signal: AbortSignal;
  readonly wait?: Wait;
  readonly begin: (following: Following) => Promise<Result<Outcome | null, ControlFailure>>;
  readonly onNews?: (news: News) => void;
}

/** Asks an instance, and tells how it goes until that has ended, also over the deaths of its daemon. */
export async function followMember(
  member: Member,
  teller: Teller,
  { step, signal, wait = "done", begin, onNews }: Follow,
): Promise<Result<Outcome | null, FollowFailure>> {
  const following: Following = {
    signal,
    wait,
    onAccepted() {},
    onNews: (news) => {
      onNews?.(news);
      teller.news(member, step, news);
    },
  };
  const result = await followUpgrade(member.client, begin, following, (upgrade) => {
    const next = `the next daemon is asked about upgrade ${upgrade}`;
    teller.say(`the connection to the daemon broke; ${next}`, member);
  });
  if (result.ok) await teller.ended(member, step, result.value);
  return result;
}
