import { statSync } from "node:fs";
import { resolve } from "node:path";
import { isInstanceName } from "../../lib/directories.js";
import { fail, succeed } from "../../lib/failure.js";
import { createFiles } from "../../linux/create-files.js";
import type { Command } from "../command.js";
import { say } from "../print.js";

/** Config and socket units of a new instance. Asks nothing, overwrites nothing, starts nothing. */
export const initCommand: Command = {
  name: "init",
  argument: "NAME",
  alone: true,
  program: true,
  options: ["listen", "release", "shared", "workers", "no-socket"],
  summary: "write config and socket unit of a new instance",
  run: async ({ argument: name = "", program = [], listen = [], shared = [], flags, ...line }) => {
    if (!isInstanceName(name))
      return fail("usage", `${JSON.stringify(name)} cannot be the name of an instance`);
    if (listen.length === 0) return fail("usage", "init needs --listen, as in --listen 127.0.0.1:8080");
    const release = resolve(line.release ?? ".");
    if (statSync(release, { throwIfNoEntry: false })?.isDirectory() !== true) {
      return fail("usage", `--release: there is no directory ${release}`);
    }
    const { workers } = line;
    const { layOut } = await import("../init-files.js");
    const { gatherSource } = await import("../../doctor/gather/source.js");
    const source = gatherSource({ command: program, release })?.text ?? "";
    const socketUnits = !flags.has("no-socket");
    const layout = layOut({ name, program, listen, release, shared, workers, socketUnits, source });
    if (!layout.ok) return layout;
    const { files, units, commands, notes } = layout.value;
    const created = createFiles(files);
    if (!created.ok) return created;
    for (const { path } of files) say(`wrote ${path}`);
    for (const text of notes) say(`note: ${text}`);
    say("");
    say("Next:");
    say(`  holdfast doctor ${name}`);
    for (const command of commands) say(`  ${command}`);
    say(`  systemctl enable --now ${units.join(" ")}`);
    say(`  holdfast -n ${name} upgrade      # after each deploy and each change of the config`);
    return succeed("done");
  },
};
