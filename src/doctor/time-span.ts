const unitMs: ReadonlyMap<string, number> = new Map([
  ["us", 0.001],
  ["ms", 1],
  ["s", 1_000],
  ["min", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
  ["w", 604_800_000],
  ["month", 2_629_800_000],
  ["y", 31_557_600_000],
]);

/** A time span as `systemctl show` prints it (`1min 30s`, `infinity`) in milliseconds; undefined for anything else. systemd.time(7). */
export function readTimeSpan(text: string): number | undefined {
  if (text === "infinity") return Number.POSITIVE_INFINITY;
  if (text === "0") return 0;
  let totalMs = 0;
  for (const part of text.split(" ")) {
    const [, digits, unit = ""] = /^([0-9.]+)([a-z]+)$/.exec(part) ?? [];
    const factor = unitMs.get(unit);
    if (digits === undefined || factor === undefined) return undefined;
    totalMs += Number(digits) * factor;
  }
  return totalMs;
}
