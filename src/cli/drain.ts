import { succeed } from "../lib/failure.js";
import type { CommandLine } from "./command-line.js";
import { connect } from "./connect.js";
import type { End } from "./end.js";
import { say } from "./print.js";

/** `holdfast drain`: the workers finish and end; clients wait in the backlog until the next upgrade. */
export async function drain(line: CommandLine): Promise<End> {
  const client = connect(line);
  if (!client.ok) return client;
  const ordered = await client.value.order("drain");
  if (!ordered.ok) return ordered;
  say("the workers drain; the listeners stay open, and `holdfast upgrade` starts workers again");
  return succeed("done");
}
