import { appendFileSync } from "node:fs";
import * as v from "valibot";
import { monotonicMs } from "../../src/linux/boot.js";

/** Names the file that daemon and workers append to. */
export const stampsVariable = "BENCH_STAMPS";

const schema = v.object({
  what: v.picklist([
    "process-start",
    "loaded",
    "sigterm",
    "exit",
    "adopted",
    "ready",
    "ready-sent",
    "decided",
    "persisted",
    "moved",
    "asked",
    "answered",
    "sighup",
    "do",
    "done",
  ]),
  /** Which action the daemon does. */
  action: v.optional(v.string()),
  /** CLOCK_MONOTONIC: one clock for all processes of the machine, in a container or not. */
  atMs: v.number(),
  generation: v.optional(v.number()),
});

export type Stamp = v.InferOutput<typeof schema>;

export function stamp({
  what,
  atMs = monotonicMs(),
  ...rest
}: Omit<Stamp, "atMs"> & { atMs?: number }): void {
  appendFileSync(process.env[stampsVariable] ?? "/dev/null", `${JSON.stringify({ what, atMs, ...rest })}\n`);
}

export function parseStamps(text: string): Stamp[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => v.parse(v.pipe(v.string(), v.parseJson(), schema), line));
}
