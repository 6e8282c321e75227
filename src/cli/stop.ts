import { formatDuration } from "../lib/duration.js";
import { fail, succeed } from "../lib/failure.js";
import type { CommandLine } from "./command-line.js";
import { connect } from "./connect.js";
import type { End } from "./end.js";
import { poll, startPatience } from "./patience.js";
import { say } from "./print.js";

const askTimeoutMs = 2_000;

/** `holdfast stop`: waits until nobody listens on the control socket any more. */
export async function stop(line: CommandLine): Promise<End> {
  const client = connect(line, askTimeoutMs);
  if (!client.ok) return client;
  const since = performance.now();
  const ordered = await client.value.order("stop");
  if (!ordered.ok) return ordered;
  say("stopping: the workers drain");
  if (!line.wait) return succeed("done");
  const patience = startPatience(line.timeoutMs);
  const stopped = await poll(patience, async () => {
    const answer = await client.value.version();
    return !answer.ok && answer.failure.reason === "not-running" ? true : undefined;
  });
  patience.end();
  if (stopped === undefined) return fail("gave-up-waiting", `${patience.over()}: the workers still drain`);
  say(`stopped after ${formatDuration(performance.now() - since)}`);
  return succeed("done");
}
