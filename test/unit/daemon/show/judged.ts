import { nothingCounted, type Totals } from "../../../../src/lib/counters.js";
import type { Event } from "../../../../src/model/event.js";
import type { LedgerEntry } from "../../../../src/model/ledger-entry.js";
import { type Plan, unjudged } from "../../../../src/model/plan.js";
import { Story } from "../../model/story.js";

export const trialMs = 3_000;
export const probationMs = 60_000;

/** Of a service whose versions have to prove themselves. */
export const judged: Partial<Plan> = {
  snapshot: true,
  trial: { timeMs: trialMs, share: null },
  probation: { timeMs: probationMs },
  judge: { ...unjudged.judge, deaths: true },
};

/** A story with all that it wrote into the ledger. */
export class JudgedStory extends Story {
  readonly ledger: LedgerEntry[] = [];

  override send(event: Event): this {
    super.send(event);
    this.ledger.push(...this.did("record").map(({ entry }) => entry));
    return this;
  }

  /** An upgrade to another release, whose trial begins. */
  toTrial(release: string): this {
    return this.request()
      .candidate({ ...judged, release })
      .allReady();
  }

  /** The same, kept: its probation begins, and the one before has ended. */
  toProbation(release: string): this {
    this.toTrial(release).after(trialMs);
    return this.endDrained();
  }

  endDrained(): this {
    for (const { id, stage } of this.state.generations) if (stage.phase === "draining") this.end(id);
    return this;
  }

  /** What the first worker of a generation has told. */
  counted(generation: number, totals: Partial<Totals>): this {
    const pid = this.pidOf(generation, 0) ?? 0;
    const listeners = [{ listener: "http", ...nothingCounted, ...totals }];
    return this.send({ type: "counted", counts: [{ generation, index: 0, pid, listeners }] });
  }
}
