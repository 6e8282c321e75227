import { succeed } from "../../lib/failure.js";
import { askDaemon } from "../ask-daemon.js";
import type { Command } from "../command.js";
import { say } from "../print.js";

/** The workers finish and end; clients wait in the backlog until the next upgrade. */
export const drainCommand: Command = {
  name: "drain",
  options: [],
  summary: "drain the workers, keep daemon and listeners",
  run: askDaemon(async (client) => {
    const ordered = await client.order("drain");
    if (!ordered.ok) return ordered;
    say("the workers drain; the listeners stay open, and `holdfast upgrade` starts workers again");
    return succeed("done");
  }),
};
