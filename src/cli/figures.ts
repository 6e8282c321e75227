/** A part of a whole: `0.8 %` */
export function percent(part: number, whole: number): string {
  return `${Number(((100 * part) / Math.max(1, whole)).toFixed(1))} %`;
}

/** `once`, `3 times` */
export function howOften(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

/** How many workers have ended by themselves. */
export function describeDeaths(deaths: number): string {
  return deaths === 0 ? "no worker died" : `workers died ${howOften(deaths)}`;
}
