/** Numbers from 0 to 1 (not 1 itself), the same for the same seed. */
export type Chance = () => number;

/** Mulberry32, a small generator of 32 bits. */
export function seeded(seed: number): Chance {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How many of `times` tries succeed, each with probability `share`. With thousands of successes the normal distribution stands in. */
export function binomial(chance: Chance, times: number, share: number): number {
  if (share > 0.5) return times - binomial(chance, times, 1 - share);
  if (share <= 0) return 0;
  const mean = times * share;
  if (mean > 1_000) {
    const drawn = Math.round(mean + Math.sqrt(mean * (1 - share)) * normal(chance));
    return Math.max(0, Math.min(times, drawn));
  }
  const failing = Math.log1p(-share);
  let successes = 0;
  for (let at = skip(chance, failing); at < times; at += 1 + skip(chance, failing)) successes++;
  return successes;
}

/** Failures before the next success. */
function skip(chance: Chance, failing: number): number {
  return Math.floor(Math.log(1 - chance()) / failing);
}

/** Box and Muller's. */
function normal(chance: Chance): number {
  return Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance());
}
