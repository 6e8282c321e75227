import { addCounts } from "../lib/counters.js";
import { type PhaseName, phaseBoundsMs } from "../lib/phases.js";
import type { Phase } from "./account-state.js";
import type { WallTime } from "./clock.js";
import { type Turn, update } from "./turn.js";
import type { FinalVerdict, UpgradeKind } from "./upgrade-state.js";

/** What has been counted of upgrades since the state was first written: sums that never fall. */
export interface Tally {
  /** By kind, in the order in which they first came. */
  readonly upgrades: readonly UpgradeCount[];
  readonly verdicts: Readonly<Record<FinalVerdict["kind"], number>>;
  /** Of phases that have ended. */
  readonly phases: readonly PhaseTimes[];
  /** Workers that ended by themselves. */
  readonly deaths: number;
  /** When the last upgrade was done; null: none was. */
  readonly lastDoneAt: WallTime | null;
}

export interface UpgradeCount {
  readonly kind: UpgradeKind;
  readonly done: number;
  readonly failed: number;
}

export interface PhaseTimes {
  readonly phase: PhaseName;
  /** How many took at most as long as the bound in that place, and longer than the one before; the last: longer than all. */
  readonly counts: readonly number[];
  readonly sumMs: number;
}

export const nothingTallied: Tally = {
  upgrades: [],
  verdicts: { proved: 0, rejected: 0, replaced: 0 },
  phases: [],
  deaths: 0,
  lastDoneAt: null,
};

export function tallyUpgrade(turn: Turn, kind: UpgradeKind, done: boolean): void {
  const { upgrades } = turn.state.tally;
  const known = upgrades.find((one) => one.kind === kind) ?? { kind, done: 0, failed: 0 };
  const result = done ? "done" : "failed";
  const next = { ...known, [result]: addCounts(known[result], 1) };
  change(turn, {
    upgrades: [...upgrades.filter((one) => one.kind !== kind), next],
    ...(done && { lastDoneAt: turn.clock.wall }),
  });
}

export function tallyVerdict(turn: Turn, { kind }: FinalVerdict): void {
  const { verdicts } = turn.state.tally;
  change(turn, { verdicts: { ...verdicts, [kind]: addCounts(verdicts[kind], 1) } });
}

export function tallyDeath(turn: Turn): void {
  change(turn, { deaths: addCounts(turn.state.tally.deaths, 1) });
}

export function tallyPhases(turn: Turn, ended: readonly Phase[]): void {
  if (ended.length === 0) return;
  change(turn, { phases: ended.reduce(addPhase, turn.state.tally.phases) });
}

function addPhase(all: readonly PhaseTimes[], { phase, since, until }: Phase): readonly PhaseTimes[] {
  const tookMs = Math.max(0, (until ?? since) - since);
  const known = all.find((one) => one.phase === phase) ?? { phase, counts: noCounts, sumMs: 0 };
  const place = phaseBoundsMs.findIndex((bound) => tookMs <= bound);
  const at = place < 0 ? phaseBoundsMs.length : place;
  const counts = noCounts.map((_, nth) => addCounts(known.counts[nth] ?? 0, nth === at ? 1 : 0));
  const next = { phase, counts, sumMs: addCounts(known.sumMs, Math.round(tookMs)) };
  return [...all.filter((one) => one.phase !== phase), next];
}

const noCounts: readonly number[] = [...phaseBoundsMs, Number.POSITIVE_INFINITY].map(() => 0);

function change(turn: Turn, part: Partial<Tally>): void {
  update(turn, { tally: { ...turn.state.tally, ...part } });
}
