/** One line of what the benchmark prints. */
export interface Row {
  readonly what: string;
  readonly figure: string;
  /** What is aimed at, where something is. */
  readonly goal?: string;
}

/** The smallest of the values that is not below `share` (0 to 1) of them. Throws without any value. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const found = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (found === undefined) throw new RangeError("cannot take a percentile: there are no values");
  return found;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** `p50 1.20, p99 4.56 ms` */
export function formatMs(values: readonly number[]): string {
  return `p50 ${percentile(values, 0.5).toFixed(1)}, p99 ${percentile(values, 0.99).toFixed(1)} ms`;
}

export function printTable(title: string, rows: readonly Row[]): void {
  const whatWidth = Math.max(...rows.map(({ what }) => what.length));
  const figureWidth = Math.max(...rows.map(({ figure }) => figure.length));
  console.log(`\n${title}`);
  for (const { what, figure, goal } of rows) {
    const line = `  ${what.padEnd(whatWidth)}  ${figure.padEnd(figureWidth)}`;
    console.log((goal === undefined ? line : `${line}  goal: ${goal}`).trimEnd());
  }
}
