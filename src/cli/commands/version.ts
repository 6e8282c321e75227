import { succeed } from "../../lib/failure.js";
import { version } from "../../lib/version.js";
import { askDaemon } from "../ask-daemon.js";
import type { Command } from "../command.js";
import { say } from "../print.js";

/** Its own always, and that of the daemon where one answers. */
export const versionCommand: Command = {
  name: "version",
  options: [],
  summary: "the version of this program and of the daemon",
  run: async (line, commands) => {
    say(`holdfast ${version}`);
    await tellDaemon(line, commands);
    return succeed("done");
  },
};

const tellDaemon = askDaemon(async (client) => {
  const daemon = await client.version();
  if (!daemon.ok) return daemon;
  say(`holdfastd ${daemon.value.version} (${daemon.value.name}, pid ${daemon.value.pid})`);
  return succeed("done");
});
