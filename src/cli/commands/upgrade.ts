import { wishFlags, wishFor } from "../../control/upgrade-wish.js";
import { askDaemon } from "../ask-daemon.js";
import { askForUpgrade } from "../ask-for-upgrade.js";
import type { Command } from "../command.js";

export const upgradeCommand: Command = {
  name: "upgrade",
  options: [...wishFlags, "timeout", "no-wait"],
  summary: "start a new generation beside the old and switch over",
  run: askDaemon((client, line) => {
    const wish = wishFor((flag) => line.flags.has(flag));
    return askForUpgrade(client, line, { command: "upgrade", wish });
  }),
};
