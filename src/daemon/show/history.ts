import type { HistoryEntry } from "../../control/port.js";
import type { State } from "../../model/state.js";
import type { EndedGeneration } from "../../state/ledger.js";
import { describeReason, describeStage } from "./report.js";

/** Generations that ended, after the ledger, and those of the state, by number. */
export function reportHistory(state: State, ended: readonly EndedGeneration[]): readonly HistoryEntry[] {
  const returnable = new Set(state.retired.map(({ generation }) => generation));
  const entries = new Map<number, HistoryEntry>();
  for (const { generation, release, version, from, to, why, cut } of ended) {
    const note =
      cut && why.kind !== "rebooted" ? `${describeReason(why)}; requests were cut` : describeReason(why);
    entries.set(generation, {
      generation,
      release,
      version,
      from,
      to,
      note,
      returnable: returnable.has(generation),
    });
  }
  for (const one of state.generations) {
    const { id, specification, version, createdAt, stage } = one;
    entries.set(id, {
      generation: id,
      release: specification.plan.release,
      version,
      from: createdAt,
      to: null,
      note: describeStage(one) ?? stage.phase,
      returnable: returnable.has(id),
    });
  }
  return [...entries.values()].sort((one, other) => one.generation - other.generation);
}
