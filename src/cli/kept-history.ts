import { readdirSync } from "node:fs";
import type { HistoryEntry } from "../control/replies.js";
import { firstOf, isInstanceName, resolveDirectories, stateBase } from "../lib/directories.js";
import { type Failure, type FailureOf, fail, type Result, succeed } from "../lib/failure.js";
import { monotonicMs } from "../linux/boot.js";
import { initialState } from "../model/state.js";
import { reportHistory } from "../state/history.js";
import { readLedger } from "../state/ledger.js";
import { readStateFile } from "../state/state-file.js";
import { surroundings } from "./ask-daemon.js";

/** What a service that does not run has written down. */
export interface KeptHistory {
  readonly directory: string;
  readonly entries: readonly HistoryEntry[];
}

/** Reads state file and ledger. Fails where there are none, or this user may not read them. */
export function readKeptHistory(name: string | undefined): Result<KeptHistory, FailureOf<"cli" | "state">> {
  const found = findDirectory(name);
  if (!found.ok) return found;
  const directory = found.value;
  const record = readStateFile(directory, { shown: true });
  if (!record.ok) return record;
  const state = record.value?.state ?? initialState;
  const entries = reportHistory(state, readLedger(directory), monotonicMs());
  if (record.value === undefined && entries.length === 0) {
    return fail("not-running", `the service does not run, and nothing is written down in ${directory}`);
  }
  return succeed({ directory, entries: entries.map(asLastWritten) });
}

function findDirectory(name: string | undefined): Result<string, Failure<"not-running" | "usage">> {
  const { env, uid } = surroundings();
  const own = firstOf(env["STATE_DIRECTORY"]);
  if (own !== undefined || name !== undefined) {
    return succeed(name === undefined ? (own ?? "") : resolveDirectories({ name, env, uid }).state);
  }
  const base = stateBase({ env, uid });
  const [first, second] = namesIn(base);
  if (first === undefined) return fail("not-running", "no daemon runs, and none has left a history");
  if (second === undefined) return succeed(`${base}/${first}`);
  const names = namesIn(base).join(", ");
  return fail("usage", `no daemon runs, and several have left a history: say which one with -n: ${names}`);
}

function namesIn(base: string): readonly string[] {
  try {
    return readdirSync(base).filter(isInstanceName).sort();
  } catch {
    return [];
  }
}

/** What was there when the daemon ended without a word may be there no more. */
function asLastWritten(entry: HistoryEntry): HistoryEntry {
  return entry.to === null ? { ...entry, note: `${entry.note}; the daemon does not run` } : entry;
}
