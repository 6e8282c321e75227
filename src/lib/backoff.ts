const firstMs = 100;
const lastMs = 30_000;

/** How long to wait after so many failures in a row: 100 ms, doubled each time, at most 30 s. */
export function backoffMs(failures: number): number {
  return Math.min(lastMs, firstMs * 2 ** Math.min(failures - 1, 20));
}
