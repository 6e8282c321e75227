/** A point of a curve. */
type Point = readonly [upgrades: number, bytes: number];

/** Fewer tell of noise only. */
const leastPoints = 4;

/** The slope through what was measured after the first third, in which caches and the heap get their size; undefined for too few. */
export function growthPerUpgrade(points: readonly Point[]): number | undefined {
  const late = points.slice(Math.floor(points.length / 3));
  if (late.length < leastPoints) return undefined;
  const mean = (at: 0 | 1): number => late.reduce((sum, point) => sum + point[at], 0) / late.length;
  const [meanUpgrades, meanBytes] = [mean(0), mean(1)];
  const [along, across] = late.reduce<readonly [number, number]>(
    ([sum, square], [upgrades, bytes]) => {
      const apart = upgrades - meanUpgrades;
      return [sum + apart * (bytes - meanBytes), square + apart ** 2];
    },
    [0, 0],
  );
  return across === 0 ? undefined : along / across;
}
