import { formatDuration } from "../lib/duration.js";
import { fail, succeed } from "../lib/failure.js";
import type { CommandLine } from "./command-line.js";
import { connect } from "./connect.js";
import type { End } from "./end.js";
import { poll, startPatience } from "./patience.js";
import { say } from "./print.js";

const defaultTimeoutMs = 30_000;
/** The next daemon may find the question in the backlog of the socket; one that never comes must not hold it for long. */
const askTimeoutMs = 2_000;

/** `holdfast reexec`: waits until a daemon with another pid answers. */
export async function reexec(line: CommandLine): Promise<End> {
  const client = connect(line, askTimeoutMs);
  if (!client.ok) return client;
  const before = await client.value.version();
  if (!before.ok) return before;
  const since = performance.now();
  const ordered = await client.value.order("reexec");
  if (!ordered.ok) return ordered;
  say(`daemon ${before.value.version} (pid ${before.value.pid}) makes way; the workers stay`);
  if (!line.wait) return succeed("done");
  const patience = startPatience(line.timeoutMs ?? defaultTimeoutMs);
  const next = await poll(patience, async () => {
    const answer = await client.value.version();
    return answer.ok && answer.value.pid !== before.value.pid ? answer.value : undefined;
  });
  patience.end();
  if (next === undefined) {
    return fail("daemon-gone", `${patience.over()}: no other daemon answers yet; the workers run on`);
  }
  const took = formatDuration(performance.now() - since);
  say(`daemon ${next.version} (pid ${next.pid}) has taken over after ${took}`);
  return succeed("done");
}
