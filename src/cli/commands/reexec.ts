import { formatDuration } from "../../lib/duration.js";
import { fail, succeed } from "../../lib/failure.js";
import { askDaemon } from "../ask-daemon.js";
import type { Command } from "../command.js";
import { poll, startPatience } from "../patience.js";
import { say } from "../print.js";

const defaultTimeoutMs = 30_000;
/** The next daemon may find the question in the backlog of the socket; one that never comes must not hold it for long. */
const askTimeoutMs = 2_000;

/** Waits until a daemon with another pid answers. */
export const reexecCommand: Command = {
  name: "reexec",
  options: ["timeout", "no-wait"],
  summary: "replace the daemon; the workers stay",
  run: askDaemon(async (client, { flags, timeoutMs }) => {
    const before = await client.version();
    if (!before.ok) return before;
    const since = performance.now();
    const ordered = await client.order("reexec");
    if (!ordered.ok) return ordered;
    say(`daemon ${before.value.version} (pid ${before.value.pid}) makes way; the workers stay`);
    if (flags.has("no-wait")) return succeed("done");
    const patience = startPatience(timeoutMs ?? defaultTimeoutMs);
    const next = await poll(patience, async () => {
      const answer = await client.version();
      if (!answer.ok) return undefined;
      const { pid, reexecFailed } = answer.value;
      const failedSince = reexecFailed !== null && reexecFailed.at !== before.value.reexecFailed?.at;
      return pid !== before.value.pid || failedSince ? answer.value : undefined;
    });
    patience.end();
    if (next === undefined) {
      return fail("daemon-gone", `${patience.over()}: no other daemon answers yet; the workers run on`);
    }
    if (next.pid === before.value.pid) {
      return fail(
        "reexec-failed",
        `${next.reexecFailed?.message}; daemon ${next.version} (pid ${next.pid}) goes on`,
      );
    }
    const took = formatDuration(performance.now() - since);
    say(`daemon ${next.version} (pid ${next.pid}) has taken over after ${took}`);
    return succeed("done");
  }, askTimeoutMs),
};
