import type { StatusReport } from "../../control/replies.js";
import type { AccountReport } from "../../lib/account.js";
import type { CounterName } from "../../lib/counters.js";
import { openOf } from "../figures.js";

type Side = NonNullable<AccountReport["old"]>;

/** Connections of the two generations of an upgrade. Null: not measured. */
export interface Flow {
  readonly old: {
    readonly generation: number;
    readonly open: number;
    /** Since the upgrade was asked for: given to the new one, ended by themselves in its drain, closed against the client's will. */
    readonly moved: number;
    readonly finished: number;
    readonly cut: number;
  };
  readonly new: { readonly generation: number; readonly open: number; readonly adopted: number };
}

/** What has passed from the old generation to the new one; null where no connections are counted or there is no old one. */
export function flowOf(account: AccountReport, { generations }: StatusReport): Flow | null {
  const { old, new: next } = account;
  if (old === null || next === null) return null;
  const open = (side: Side): number | null => {
    const report = generations.find(({ id }) => id === side.generation);
    // What is gone has none.
    return report === undefined ? 0 : openOf(report);
  };
  const [oldOpen, newOpen] = [open(old), open(next)];
  const counted = (name: CounterName): number => sumOf(old, name) ?? 0;
  if (oldOpen === null || newOpen === null || (old.listeners === null && next.listeners === null))
    return null;
  return {
    old: {
      generation: old.generation,
      open: oldOpen,
      moved: counted("moved"),
      finished: counted("finished"),
      cut: counted("cut"),
    },
    new: { generation: next.generation, open: newOpen, adopted: sumOf(next, "adopted") ?? 0 },
  };
}

/** Whether anything has passed, or may do so yet. */
export function isFlowing({ endedAt }: AccountReport, { old }: Flow): boolean {
  return endedAt === null || old.moved + old.finished + old.cut > 0;
}

/** Over all listeners; null: not measured. */
export function sumOf(side: Side, name: CounterName): number | null {
  return side.listeners?.reduce((sum, counters) => sum + counters[name], 0) ?? null;
}

/** A stretch of the picture's width, in thousandths of it. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export interface FlowPicture {
  readonly oldOpen: Stretch;
  readonly oldMoved: Stretch;
  readonly oldEnded: Stretch;
  readonly newAdopted: Stretch;
  readonly newOwn: Stretch;
}

/**
 * As wide as the connections are many, both generations at one scale. What was taken over and has ended since is not drawn; what has moved is
 * drawn as taken over before the new worker has told so.
 */
export function drawFlow({ old, new: next }: Flow): FlowPicture {
  const ended = old.finished + old.cut;
  const most = Math.max(old.open + old.moved + ended, next.open, 1);
  const at = (count: number): number => Math.round((1000 * count) / most);
  const adopted = Math.min(Math.max(next.adopted, old.moved), next.open);
  return {
    oldOpen: { from: 0, to: at(old.open) },
    oldMoved: { from: at(old.open), to: at(old.open + old.moved) },
    oldEnded: { from: at(old.open + old.moved), to: at(old.open + old.moved + ended) },
    newAdopted: { from: 0, to: at(adopted) },
    newOwn: { from: at(adopted), to: at(next.open) },
  };
}
