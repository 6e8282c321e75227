import type { HistoryEntry } from "../control/port.js";
import { formatDuration } from "../lib/duration.js";
import { reportAccount } from "../model/account-report.js";
import type { Monotonic, WallTime } from "../model/clock.js";
import { describeReason, describeStage } from "../model/describe.js";
import { heldGeneration } from "../model/find.js";
import type { Generation } from "../model/generation-state.js";
import { findRejected } from "../model/rejected.js";
import { passedOver, whatToRepeat } from "../model/retired.js";
import type { State } from "../model/state.js";
import type { EndedGeneration, Ledger } from "./ledger.js";

type End = NonNullable<HistoryEntry["end"]>;

/** Generations that ended, after the ledger, and those of the state, by number. */
export function reportHistory(
  state: State,
  { ended, rejectedAt, accounts }: Ledger,
  now: Monotonic,
): HistoryEntry[] {
  const marks = marksOf(state);
  const passed = new Set(
    heldGeneration(state) === undefined ? passedOver(state).map((one) => one.generation) : [],
  );
  const accountOf = (id: number): HistoryEntry["account"] => {
    const open = state.accounts.find((one) => one.new?.generation === id);
    return open === undefined ? (accounts.get(id) ?? null) : reportAccount(state, open, null);
  };
  const entries = new Map<number, HistoryEntry>();
  for (const one of ended) {
    const { generation, release, version, commit, origin, from, to } = one;
    const end = endOf(one);
    const why = describeEnd(one, end, rejectedAt.get(generation) ?? to);
    const note = passed.has(generation) ? `${why}: a rollback passes it over` : why;
    const told = { generation, release, version, commit, origin, from, to };
    entries.set(generation, { ...told, note, end, account: accountOf(generation), ...marks(generation) });
  }
  for (const one of state.generations) {
    const { id, specification, version, commit, origin, createdAt, stage } = one;
    entries.set(id, {
      generation: id,
      release: specification.plan.release,
      version,
      commit,
      origin,
      from: createdAt,
      to: null,
      note: describeStage(one, now) ?? (isProved(one) ? "active, has proved itself" : stage.phase),
      end: isProved(one) ? "proved" : null,
      account: accountOf(id),
      ...marks(id),
    });
  }
  return [...entries.values()].sort((one, other) => one.generation - other.generation);
}

function isProved({ stage }: Generation): boolean {
  return stage.phase === "active" && stage.proof.kind === "proved";
}

type Marks = Pick<HistoryEntry, "returnable" | "rejected" | "wayBack">;

/** What a rollback can do with a generation. */
function marksOf(state: State): (generation: number) => Marks {
  const back = heldGeneration(state)?.id ?? whatToRepeat(state, { kind: "rollback", to: null })?.generation;
  return (id) => {
    const retired = state.retired.find(({ generation }) => generation === id);
    const rejected =
      state.rejected.some(({ generation }) => generation === id) ||
      (retired !== undefined && findRejected(state, retired) !== undefined);
    return { returnable: retired !== undefined, rejected, wayBack: id === back };
  };
}

function endOf({ why, proved }: EndedGeneration): End {
  switch (why.kind) {
    case "failed":
      return "failed";
    case "rejected":
      return "rolled-back";
    case "superseded":
      return proved ? "proved" : "replaced";
    case "stopped":
    case "rebooted":
      return proved ? "proved" : "drained";
    default:
      return why satisfies never;
  }
}

function describeEnd({ why, cut, from }: EndedGeneration, end: End, rejectedAt: WallTime): string {
  const rest = cut && why.kind !== "rebooted" ? "; requests were cut" : "";
  if (why.kind === "rejected") {
    const after = formatDuration(rejectedAt - from);
    return `rolled back to generation ${why.by} after ${after}: ${why.failure.message}${rest}`;
  }
  if (why.kind === "superseded" && end === "replaced") {
    return `replaced by generation ${why.by} before it had proved itself${rest}`;
  }
  const found = { proved: "proved; ", drained: "drained; ", failed: "", replaced: "", "rolled-back": "" };
  return `${found[end]}${describeReason(why)}${rest}`;
}
