import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import * as v from "valibot";
import { type AccountReport, accountSchema } from "../lib/account.js";
import type { WallTime } from "../model/clock.js";
import type { LedgerEntry } from "../model/ledger-entry.js";
import { ledgerFile } from "./ledger-file.js";
import { failure, origin } from "./upgrade-schema.js";

const readLimitBytes = 512 * 1024;

/** What is read again of one: not its counters. */
export type EndedGeneration = Omit<Extract<LedgerEntry, { readonly kind: "generation" }>, "counters">;

export interface Ledger {
  /** Oldest first. */
  readonly ended: readonly EndedGeneration[];
  /** When a generation was found bad, in its trial or after it; its end came later, when its workers had drained. */
  readonly rejectedAt: ReadonlyMap<number, WallTime>;
  /** By the generation that the upgrade made. */
  readonly accounts: ReadonlyMap<number, AccountReport>;
}

const endedGeneration = v.object({
  kind: v.literal("generation"),
  generation: v.number(),
  release: v.string(),
  version: v.optional(v.nullable(v.string()), null),
  commit: v.optional(v.nullable(v.string()), null),
  origin,
  from: v.number(),
  to: v.number(),
  why: v.variant("kind", [
    v.object({ kind: v.literal("superseded"), by: v.number() }),
    v.object({ kind: v.literal("rejected"), by: v.number(), failure }),
    v.object({ kind: v.literal("failed"), failure }),
    v.object({ kind: v.picklist(["stopped", "rebooted"]) }),
  ]),
  cut: v.boolean(),
  proved: v.optional(v.boolean(), true),
}) satisfies v.GenericSchema<unknown, EndedGeneration>;

const at = v.pipe(
  v.string(),
  v.transform((text) => Date.parse(text)),
  v.number(),
);
const verdictLine = v.object({
  kind: v.literal("verdict"),
  generation: v.number(),
  verdict: v.object({ kind: v.literal("rejected"), failure }),
  at,
});
/** An upgrade fails in its trial, too. */
const failedUpgrade = v.object({
  kind: v.literal("upgrade"),
  outcome: v.object({ generation: v.number(), failure }),
  at,
});

const accountLine = v.object({ kind: v.literal("account"), account: accountSchema });

const ledgerLine = v.pipe(
  v.string(),
  v.parseJson(),
  v.variant("kind", [endedGeneration, verdictLine, failedUpgrade, accountLine]),
);

/** What stands in the last 512 KiB of the ledger file and of the one that was set aside last. Lines that cannot be read, or are of another kind, are left out. */
export function readLedger(directory: string): Ledger {
  const files = [ledgerFile(directory, 1), ledgerFile(directory)];
  const lines = files.flatMap((one) => readEnd(one).split("\n"));
  const entries = lines.flatMap((line) => {
    const parsed = v.safeParse(ledgerLine, line);
    return parsed.success ? [parsed.output] : [];
  });
  const rejections = entries.flatMap((entry): [number, WallTime][] => {
    if (entry.kind === "verdict") return [[entry.generation, entry.at]];
    return entry.kind === "upgrade" ? [[entry.outcome.generation, entry.at]] : [];
  });
  const accounts = entries.flatMap((entry): [number, AccountReport][] => {
    if (entry.kind !== "account" || entry.account.new === null) return [];
    return [[entry.account.new.generation, entry.account]];
  });
  return {
    ended: entries.filter((entry) => entry.kind === "generation"),
    rejectedAt: new Map(rejections),
    accounts: new Map(accounts),
  };
}

function readEnd(file: string): string {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return "";
  }
  try {
    const { size } = fstatSync(fd);
    const bytes = Buffer.alloc(Math.min(size, readLimitBytes));
    readSync(fd, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString("utf8");
  } finally {
    closeSync(fd);
  }
}
