import type { Sample } from "./feed.js";
import { mergeSamples } from "./sample.js";

const keptMs = 3_600_000;
/** So long each look is kept; older ones are put together. */
const fineMs = 300_000;
const coarseMs = 10_000;

/** The samples of the last hour, as far as somebody looked: some hundred at most. */
export class LastHour {
  #coarse: Sample[] = [];
  #fine: Sample[] = [];

  add(sample: Sample): void {
    this.#fine.push(sample);
    for (;;) {
      const [first] = this.#fine;
      if (first === undefined || spanOf(first) >= spanOf({ at: sample.at - fineMs })) break;
      const span = this.#fine.filter((one) => spanOf(one) === spanOf(first));
      this.#fine = this.#fine.slice(span.length);
      this.#coarse.push(mergeSamples([first, ...span.slice(1)], this.#coarse.at(-1)?.at ?? first.at));
    }
    const gone = this.#coarse.findIndex(({ at }) => at > sample.at - keptMs);
    if (gone > 0) this.#coarse.splice(0, gone);
    else if (gone < 0) this.#coarse = [];
  }

  /** Oldest first. */
  all(): readonly Sample[] {
    return [...this.#coarse, ...this.#fine];
  }
}

function spanOf({ at }: Pick<Sample, "at">): number {
  return Math.floor(at / coarseMs);
}
