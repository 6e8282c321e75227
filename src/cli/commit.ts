import { succeed } from "../lib/failure.js";
import type { CommandLine } from "./command-line.js";
import { connect } from "./connect.js";
import type { End } from "./end.js";
import { say } from "./print.js";

/** `holdfast commit`: the generation on trial is kept, the one before it drains. */
export async function commit(line: CommandLine): Promise<End> {
  const client = connect(line);
  if (!client.ok) return client;
  const ordered = await client.value.order("commit");
  if (!ordered.ok) return ordered;
  say("the new generation is kept; the one before it drains");
  return succeed("done");
}
