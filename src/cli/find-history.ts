import type { HistoryEntry } from "../control/replies.js";
import { type Failure, fail, type Result, succeed } from "../lib/failure.js";
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

/** One generation of it; of numbers that came again, when the state was lost, the newest. */
export async function findEntry(line: CommandLine, id: number): Promise<Result<HistoryEntry, Failure>> {
  const history = await findHistory(line);
  if (!history.ok) return history;
  const entry = history.value.findLast(({ generation }) => generation === id);
  if (entry !== undefined) return succeed(entry);
  return fail(
    "generation-unknown",
    `no generation ${id} is known; \`holdfast history\` lists those that are`,
  );
}
