import type { HistoryEntry } from "../control/replies.js";
import type { Failure, Result } from "../lib/failure.js";
import { succeed } from "../lib/failure.js";
import { reachDaemon } from "./ask-daemon.js";
import type { CommandLine } from "./command.js";
import { complain } from "./print.js";

/** The daemon's, or where none runs what the last one has written down. */
export async function findHistory(line: CommandLine): Promise<Result<readonly HistoryEntry[], Failure>> {
  const client = await reachDaemon(line);
  const asked = client.ok ? await client.value.history() : client;
  if (asked.ok || asked.failure.reason !== "not-running" || line.socket !== undefined) return asked;
  const { readKeptHistory } = await import("./kept-history.js");
  const kept = readKeptHistory(line.name);
  if (!kept.ok) return kept;
  complain(`the service does not run; this was written down in ${kept.value.directory}`);
  return succeed(kept.value.entries);
}
