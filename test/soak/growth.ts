/** A point of a curve. */
type Point = readonly [upgrades: number, bytes: number];

/** Over fewer the heap's own ups and downs, many megabytes, are all that is seen. */
const leastUpgrades = 300;

/**
 * By how much what is resident at most has grown from one half to the other of what was measured after the first third, in which caches and
 * the heap get their size. Undefined where that were too few upgrades to tell.
 */
export function growthOf(points: readonly Point[]): number | undefined {
  const late = points.slice(Math.floor(points.length / 3));
  const [first, last] = [late[0], late.at(-1)];
  if (first === undefined || last === undefined || last[0] - first[0] < leastUpgrades) return undefined;
  const middle = Math.floor(late.length / 2);
  const most = (some: readonly Point[]): number => Math.max(...some.map(([, bytes]) => bytes));
  return most(late.slice(middle)) - most(late.slice(0, middle));
}
