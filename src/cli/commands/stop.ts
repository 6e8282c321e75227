import { formatDuration } from "../../lib/duration.js";
import { fail, succeed } from "../../lib/failure.js";
import { askDaemon } from "../ask-daemon.js";
import type { Command } from "../command.js";
import { poll, startPatience } from "../patience.js";
import { say } from "../print.js";

const askTimeoutMs = 2_000;

/** Waits until nobody listens on the control socket any more. */
export const stopCommand: Command = {
  name: "stop",
  options: ["timeout", "no-wait"],
  summary: "drain the workers and end the daemon",
  run: askDaemon(async (client, { flags, timeoutMs }) => {
    const since = performance.now();
    const ordered = await client.order("stop");
    if (!ordered.ok) return ordered;
    say("stopping: the workers drain");
    if (flags.has("no-wait")) return succeed("done");
    const patience = startPatience(timeoutMs);
    const stopped = await poll(patience, async () => {
      const answer = await client.version();
      return !answer.ok && answer.failure.reason === "not-running" ? true : undefined;
    });
    patience.end();
    if (stopped === undefined) return fail("gave-up-waiting", `${patience.over()}: the workers still drain`);
    say(`stopped after ${formatDuration(performance.now() - since)}`);
    return succeed("done");
  }, askTimeoutMs),
};
