import type { ControlClient, Following } from "../../control/client.js";
import { fail, succeed } from "../../lib/failure.js";
import { askDaemon } from "../ask-daemon.js";
import { waitForUpgrade, whyOf } from "../ask-for-upgrade.js";
import type { Command, CommandLine, End } from "../command.js";
import { say } from "../print.js";
import { tellAsked } from "../tellers/create-teller.js";

/** Decides for the new generation: the one on trial is kept, the one that stands by goes on to its trial. */
export const commitCommand: Command = {
  name: "commit",
  argument: "[NAME...]",
  completes: "instance",
  several: true,
  options: ["message", "proved", "timeout", "no-wait", "quiet", "json"],
  contradictions: [
    ["proved", "no-wait", "one waits, and the other does not"],
    ["quiet", "json", "one tells nothing, and the other all"],
  ],
  summary: "decide for the new generation, after `upgrade --hold` or `--stage`",
  run: async (line, commands) => {
    const { names } = line;
    if (names === undefined) return commitOne(line, commands);
    return (await import("../together/commit-together.js")).commitTogether(names, line);
  },
};

const commitOne = askDaemon(commit);

async function commit(client: ControlClient, line: CommandLine): Promise<End> {
  if (!line.flags.has("no-wait")) {
    const begin = (following: Following) => client.followCommit(following, whyOf(line));
    return waitForUpgrade(client, line, "kept", begin, (say) => kept(line, say));
  }
  const asked = await client.commit(whyOf(line));
  if (!asked.ok) return asked;
  if (asked.value !== null || line.flags.has("json")) tellAsked(line, asked.value);
  else if (!line.flags.has("quiet")) return kept(line, say);
  return succeed("done");
}

/** The daemon knows no upgrade that brought it: it is too long ago, or the daemon an older one. */
function kept({ flags }: CommandLine, say: (text: string) => void): End {
  if (flags.has("proved")) {
    const why = "the daemon does not know its upgrade any more";
    return fail("upgrade-unknown", `the generation is kept; cannot wait until it has proved itself: ${why}`);
  }
  say("the new generation is kept; the one before it drains");
  return succeed("done");
}
