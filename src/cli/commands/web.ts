import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { succeed } from "../../lib/failure.js";
import type { Command } from "../command.js";
import { say } from "../print.js";

/** The page, from this terminal, until it is interrupted. Under systemd a socket unit starts it. */
export const webCommand: Command = {
  name: "web",
  argument: "[ADDRESS]",
  alone: true,
  options: [],
  summary: "show all instances in a browser, until interrupted",
  run: async ({ argument }) => {
    const { parseWebOptions } = await import("../../web/options.js");
    const options = parseWebOptions(argument === undefined ? [] : ["--listen", argument]);
    if (!options.ok) return options;
    const { runWeb } = await import("../../web/run-web.js");
    const program = realpathSync(process.argv[1] ?? "");
    const running = await runWeb(options.value, join(dirname(program), "page"));
    if (!running.ok) return running;
    for (const where of running.value.addresses) say(where.startsWith("unix:") ? where : `http://${where}/`);
    await running.value.ended;
    return succeed("done");
  },
};
