import { type Failure, fail, type Result, succeed } from "./failure.js";

type Invalid = Failure<"duration-invalid">;

const unitMs: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1_000],
  ["sec", 1_000],
  ["m", 60_000],
  ["min", 60_000],
  ["h", 3_600_000],
]);

const maxDurationMs = 24 * 3_600_000;

/**
 * Reads a time span in milliseconds: the part of systemd.time(7) with the units ms, s, sec, m, min and h, as in
 * `30s`, `500ms`, `1m 30s`. It is over zero and at most 24 hours. Fails with `duration-invalid`.
 */
export function parseDuration(text: string): Result<number, Invalid> {
  const trimmed = text.trim();
  if (trimmed === "") return refuse(text, 'write a number with a unit, as in "30s"');
  const part = /([0-9]+)\s*([A-Za-z]*)\s*/y;
  let totalMs = 0;
  while (part.lastIndex < trimmed.length) {
    const [, digits = "", unit = ""] = part.exec(trimmed) ?? [];
    if (digits === "")
      return refuse(text, 'write whole numbers with units, as in "30s", "500ms" or "1m 30s"');
    if (unit === "") return refuse(text, `a unit is missing; write "${digits}s" if seconds are meant`);
    const factor = unitMs.get(unit);
    if (factor === undefined) return refuse(text, `"${unit}" is not a unit; known are ${knownUnits()}`);
    totalMs += Number(digits) * factor;
  }
  if (totalMs === 0) return refuse(text, "it must be more than zero");
  if (totalMs > maxDurationMs) return refuse(text, 'it must be at most "24h"');
  return succeed(totalMs);
}

/** Short text for people: `41 ms`, `0.41 s`, `12 s`, `3 min 5 s`, `2 h 10 min`. What is below zero counts as zero. */
export function formatDuration(ms: number): string {
  if (!(ms >= 0.5)) return "0 s";
  if (ms < 99.5) return `${Math.round(ms)} ms`;
  if (ms < 9_995) return `${Number((ms / 1_000).toFixed(2))} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return join(Math.floor(seconds / 60), "min", seconds % 60, "s");
  const minutes = Math.round(ms / 60_000);
  return join(Math.floor(minutes / 60), "h", minutes % 60, "min");
}

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

function knownUnits(): string {
  return [...unitMs.keys()].join(", ");
}

function refuse(text: string, why: string): Result<never, Invalid> {
  return fail("duration-invalid", `cannot read time span ${JSON.stringify(text)}: ${why}`);
}
