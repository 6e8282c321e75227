import type { HistoryEntry, StatusReport } from "../control/replies.js";
import type { AccountReport } from "../lib/account.js";
import type { InstanceView } from "../web/feed.js";

export type Tone = "good" | "busy" | "bad" | "idle";

/** A word for people with how it looks; `why` is more of it, where there is more. */
export interface Said {
  readonly tone: Tone;
  readonly word: string;
  readonly why: string | null;
}

const lifecycles: Readonly<Record<Exclude<StatusReport["lifecycle"], "running">, Said>> = {
  starting: { tone: "busy", word: "starting", why: null },
  drained: { tone: "idle", word: "drained", why: null },
  stopping: { tone: "busy", word: "stopping", why: null },
  leaving: { tone: "busy", word: "changing daemons", why: null },
};

/** How it is with an instance, in a word. What is wrong comes before what is under way. */
export function sayState({ status, failure, stopped }: InstanceView): Said {
  if (stopped) return { tone: "idle", word: "stopped", why: null };
  if (status === null) return { tone: "bad", word: "no answer", why: failure };
  if (status.degraded !== null) return { tone: "bad", word: "degraded", why: status.degraded };
  if (status.lifecycle !== "running") return lifecycles[status.lifecycle];
  if (status.upgrade !== null) return { tone: "busy", word: "upgrading", why: null };
  const proof = activeOf(status)?.proof?.kind;
  if (proof === "trial") return { tone: "busy", word: "on trial", why: null };
  return { tone: "good", word: "serving", why: null };
}

/** What became of the last upgrade. */
export function sayOutcome(status: StatusReport): Said | null {
  const { lastUpgrade } = status;
  if (lastUpgrade === null) return null;
  const { failure, verdict, generation } = lastUpgrade;
  if (failure !== null) return { tone: "bad", word: "failed", why: failure.message };
  if (verdict !== null) return sayVerdict(verdict);
  const judged = status.generations.find(({ id }) => id === generation)?.proof?.kind;
  if (judged === "trial" || judged === "probation") return { tone: "busy", word: `on ${judged}`, why: null };
  return { tone: "good", word: "done", why: null };
}

export function sayVerdict(verdict: NonNullable<AccountReport["verdict"]>): Said {
  switch (verdict.kind) {
    case "proved":
      return { tone: "good", word: "proved", why: null };
    case "replaced":
      return { tone: "idle", word: "replaced", why: null };
    case "rejected":
      return { tone: "bad", word: "rejected", why: verdict.failure.message };
    default:
      return verdict satisfies never;
  }
}

/** How an upgrade is or was. */
export function sayAccount(account: AccountReport): Said {
  if (account.failure !== null) return { tone: "bad", word: "failed", why: account.failure.message };
  if (account.verdict !== null) return sayVerdict(account.verdict);
  if (account.endedAt === null) return { tone: "busy", word: "under way", why: null };
  return { tone: "good", word: "done", why: null };
}

const ends: Readonly<Record<NonNullable<HistoryEntry["end"]>, Tone>> = {
  proved: "good",
  replaced: "idle",
  drained: "idle",
  failed: "bad",
  "rolled-back": "bad",
};

/** What became of a generation. */
export function sayEnd({ end, to, rejected, note }: HistoryEntry): Said {
  if (rejected) return { tone: "bad", word: "rejected", why: note };
  if (end !== null) return { tone: ends[end], word: end.replace("-", " "), why: note };
  return to === null
    ? { tone: "good", word: "running", why: note }
    : { tone: "idle", word: "ended", why: note };
}

/** Who asked, and why, as far as it is known. */
export function sayAsked(kind: AccountReport["kind"], asked: AccountReport["asked"]): string {
  const by = asked?.by;
  if (by === undefined) return kind === "rollback" ? "by the daemon itself" : "by the service manager";
  if (by.kind === "user") return by.uid === 0 ? "by root" : `by user ${by.uid}`;
  return by.kind === "reload" ? "by systemctl reload" : "by SIGHUP";
}

export function activeOf(status: StatusReport): StatusReport["generations"][number] | undefined {
  return status.generations.find(({ phase }) => phase === "active");
}
