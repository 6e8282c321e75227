import { succeed } from "../../lib/failure.js";
import { askDaemon } from "../ask-daemon.js";
import type { Command } from "../command.js";
import { say } from "../print.js";

/** Ends a trial: the generation on trial is kept. */
export const commitCommand: Command = {
  name: "commit",
  options: [],
  summary: "after `upgrade --hold`: keep the new generation, drain the old one",
  run: askDaemon(async (client) => {
    const ordered = await client.order("commit");
    if (!ordered.ok) return ordered;
    say("the new generation is kept; the one before it drains");
    return succeed("done");
  }),
};
