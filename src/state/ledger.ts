import { appendFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../lib/failure.js";
import type { LedgerEntry } from "../model/event.js";

const ledgerLimitBytes = 4 * 1024 * 1024;

/** Appends one line to `history.jsonl`, which is kept at most twice 4 MiB. Returns why it could not, if so. */
export function appendLedger(
  directory: string,
  at: number,
  entry: LedgerEntry & { readonly counters?: object },
): string | undefined {
  const file = join(directory, "history.jsonl");
  try {
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size > ledgerLimitBytes) renameSync(file, `${file}.1`);
    appendFileSync(file, `${JSON.stringify({ at: new Date(at).toISOString(), ...entry })}\n`, {
      mode: 0o600,
    });
    return undefined;
  } catch (error) {
    return `cannot write the ledger ${file}: ${messageOf(error)}`;
  }
}
