import type { ControlClient } from "../../control/client.js";
import { fail, succeed } from "../../lib/failure.js";
import { askDaemon } from "../ask-daemon.js";
import { waitForUpgrade } from "../ask-for-upgrade.js";
import type { Command, CommandLine, End } from "../command.js";
import { say } from "../print.js";

/** Decides for the new generation: the one on trial is kept, the one that stands by goes on to its trial. */
export const commitCommand: Command = {
  name: "commit",
  options: ["proved", "timeout", "no-wait"],
  contradictions: [["proved", "no-wait", "one waits, and the other does not"]],
  summary: "decide for the new generation, after `upgrade --hold` or `--stage`",
  run: askDaemon(commit),
};

async function commit(client: ControlClient, line: CommandLine): Promise<End> {
  const asked = await client.commit();
  if (!asked.ok) return asked;
  const upgrade = asked.value;
  if (upgrade === null && line.flags.has("proved")) {
    const why = "the daemon does not know its upgrade any more";
    return fail("upgrade-unknown", `the generation is kept; cannot wait until it has proved itself: ${why}`);
  }
  if (upgrade === null) say("the new generation is kept; the one before it drains");
  else if (line.flags.has("no-wait")) say(`upgrade ${upgrade} asked for`);
  else {
    return waitForUpgrade(client, line, "kept", (following) => {
      following.onAccepted(upgrade);
      return client.resume(upgrade, following);
    });
  }
  return succeed("done");
}
