import { wishFlags, wishFor } from "../../control/upgrade-wish.js";
import { askDaemon } from "../ask-daemon.js";
import { askForUpgrade, whyOf } from "../ask-for-upgrade.js";
import type { Command, End } from "../command.js";
import { endReload } from "../main-process.js";

export const upgradeCommand: Command = {
  name: "upgrade",
  argument: "[NAME...]",
  completes: "instance",
  several: true,
  options: [...wishFlags, "message", "proved", "timeout", "no-wait", "quiet", "json"],
  contradictions: [
    ["stage", "hold", "what stands by is not on trial; stage it, then commit it"],
    ["stage", "proved", "what stands by does not serve; `holdfast commit --proved` waits for it"],
    ["hold", "proved", "it is left to somebody to decide; `holdfast commit --proved` waits for it"],
    ["proved", "no-wait", "one waits, and the other does not"],
    ["quiet", "json", "one tells nothing, and the other all"],
  ],
  summary: "start a new generation beside the old and switch over; of several instances all or none",
  run: async (line, commands) => {
    const { names } = line;
    if (names !== undefined)
      return (await import("../together/upgrade-together.js")).upgradeTogether(names, line);
    let end: End | undefined;
    try {
      end = await upgradeOne(line, commands);
      return end;
    } finally {
      await endReload(end);
    }
  },
};

const upgradeOne = askDaemon((client, line) => {
  const wish = { ...whyOf(line), ...wishFor((flag) => line.flags.has(flag)) };
  return askForUpgrade(client, line, { command: "upgrade", wish });
});
