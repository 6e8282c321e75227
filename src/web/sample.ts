import type { GenerationReport, StatusReport } from "../control/replies.js";
import { failedIn } from "../lib/counters.js";
import type { GenerationSample, Sample } from "./feed.js";

/** What an instance said, and when. */
export interface Look {
  readonly at: number;
  readonly status: StatusReport;
}

/** What a look shows, held against the one before; of the first there are no rates. */
export function takeSample(before: Look | null, { at, status }: Look): Sample {
  const seconds = before === null ? 0 : (at - before.at) / 1_000;
  const lags = status.generations.flatMap(({ workers }) => workers.flatMap(({ lagMs }) => lagMs ?? []));
  return {
    at,
    generations: status.generations.map((generation) => {
      const earlier = before?.status.generations.find(({ id }) => id === generation.id) ?? null;
      return sampleGeneration(generation, earlier, seconds);
    }),
    listeners: status.listeners.map(({ name, backlog }) => ({
      listener: name,
      queued: backlog?.queued ?? null,
      limit: backlog?.limit ?? null,
    })),
    lagMs: lags.length === 0 ? null : Math.max(...lags),
  };
}

type Counts = NonNullable<GenerationReport["counters"]>;

/** A generation that was not there at the look before has counted from zero since then. */
function sampleGeneration(
  { id, phase, counters, workers }: GenerationReport,
  earlier: GenerationReport | null,
  seconds: number,
): GenerationSample {
  const rate = (count: (counts: Counts) => number): number | null => {
    if (counters === null || seconds <= 0) return null;
    const counted = count(counters) - (earlier?.counters ? count(earlier.counters) : 0);
    return Math.max(0, counted / seconds);
  };
  const servers = workers.flatMap((worker) => worker.servers);
  return {
    generation: id,
    phase,
    requests: rate(({ requests }) => requests),
    failed: rate(failedIn),
    open: servers.length === 0 ? null : servers.reduce((sum, { counters }) => sum + counters.open, 0),
    moved: rate(({ moved }) => moved),
    adopted: rate(({ adopted }) => adopted),
  };
}

/**
 * One for several that follow each other: rates are the mean, weighted by the time of each; of what is no rate the last, of queue and
 * lag the highest. `since` is the end of the time before the first.
 */
export function mergeSamples(samples: readonly [Sample, ...Sample[]], since: number): Sample {
  const last = samples.at(-1) ?? samples[0];
  const weighed = samples.map((sample, index) => ({
    sample,
    weight: Math.max(1, sample.at - (samples[index - 1]?.at ?? since)),
  }));
  const numbers = new Set(samples.flatMap(({ generations }) => generations.map((one) => one.generation)));
  return {
    at: last.at,
    generations: [...numbers].flatMap((number) => {
      const seen = weighed.flatMap(({ sample, weight }) => {
        const one = sample.generations.find(({ generation }) => generation === number);
        return one === undefined ? [] : [{ one, weight }];
      });
      const newest = seen.at(-1)?.one;
      if (newest === undefined) return [];
      const mean = (rate: (one: GenerationSample) => number | null): number | null => {
        const measured = seen.flatMap(({ one, weight }) => {
          const value = rate(one);
          return value === null ? [] : [{ value, weight }];
        });
        if (measured.length === 0) return null;
        const time = measured.reduce((sum, { weight }) => sum + weight, 0);
        return measured.reduce((sum, { value, weight }) => sum + value * weight, 0) / time;
      };
      return {
        ...newest,
        requests: mean(({ requests }) => requests),
        failed: mean(({ failed }) => failed),
        moved: mean(({ moved }) => moved),
        adopted: mean(({ adopted }) => adopted),
      };
    }),
    listeners: last.listeners.map((listener) => ({
      ...listener,
      queued: highest(
        samples.map((sample) => sample.listeners.find((one) => one.listener === listener.listener)?.queued),
      ),
    })),
    lagMs: highest(samples.map(({ lagMs }) => lagMs)),
  };
}

function highest(values: readonly (number | null | undefined)[]): number | null {
  const measured = values.flatMap((value) => value ?? []);
  return measured.length === 0 ? null : Math.max(...measured);
}
