import type { GenerationSample, Sample } from "../web/feed.js";

/** Sum over the generations that tell; null: none does. */
function sumOf(sample: Sample, value: (one: GenerationSample) => number | null): number | null {
  const told = sample.generations.map(value).filter((one) => one !== null);
  return told.length === 0 ? null : told.reduce((sum, one) => sum + one, 0);
}

export function requestsOf(sample: Sample): number | null {
  return sumOf(sample, ({ requests }) => requests);
}

export function openIn(sample: Sample): number | null {
  return sumOf(sample, ({ open }) => open);
}

/** All generations of which the samples tell, oldest first. */
export function generationsOf(samples: readonly Sample[]): readonly number[] {
  const ids = new Set(samples.flatMap(({ generations }) => generations.map(({ generation }) => generation)));
  return [...ids].sort((one, other) => one - other);
}

/**
 * At most about `count` of them: of each stretch of time the last one. What is drawn on a few hundred pixels needs no more, and a sample
 * each second of an hour would cost a browser more than all else on the page.
 */
export function thin(samples: readonly Sample[], from: number, to: number, count: number): readonly Sample[] {
  const stretch = (to - from) / count;
  const chosen = new Map<number, Sample>();
  for (const sample of samples) {
    if (sample.at >= from && sample.at <= to) chosen.set(Math.floor((sample.at - from) / stretch), sample);
  }
  return [...chosen.values()];
}
