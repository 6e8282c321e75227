import { type Failure, fail, type Result, succeed } from "./failure.js";

const unitBytes: ReadonlyMap<string, number> = new Map([
  ["K", 1024],
  ["M", 1024 ** 2],
  ["G", 1024 ** 3],
]);

const least = 16 * 1024;
const most = 1024 ** 3;

/** Reads a size in bytes as systemd has it, to the base of 1024: `512K`, `4M`, `1G`. From 16K to 1G. Fails with `size-invalid`. */
export function parseSize(text: string): Result<number, Failure<"size-invalid">> {
  const [, digits = "", unit = ""] = /^\s*([0-9]+)\s*([KMG])\s*$/.exec(text) ?? [];
  const bytes = Number(digits) * (unitBytes.get(unit) ?? Number.NaN);
  if (digits !== "" && bytes >= least && bytes <= most) return succeed(bytes);
  const why =
    digits === ""
      ? 'write a whole number with K, M or G, as in "4M"'
      : 'it must be "16K" or more, and at most "1G"';
  return fail("size-invalid", `cannot read size ${JSON.stringify(text)}: ${why}`);
}

/** Short text for people: `9.4 MB`, `35 MB`. */
export function formatBytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(bytes < 10 * 1024 ** 2 ? 1 : 0)} MB`;
}
