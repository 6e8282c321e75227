#!/usr/bin/env node
import { type CommandLine, parseCommandLine } from "./cli/command-line.js";
import { type End, exitStatusOf } from "./cli/end.js";
import { complain } from "./cli/print.js";
import { succeed } from "./lib/failure.js";

/** Loads what the command needs and nothing else: most of the time a CLI takes is its imports. */
async function run(line: CommandLine): Promise<End> {
  switch (line.command) {
    case "init":
      return (await import("./cli/init.js")).init(line);
    case "doctor":
      return (await import("./cli/doctor.js")).doctor(line);
    case "status":
      return (await import("./cli/status.js")).status(line);
    case "upgrade":
      return (await import("./cli/upgrade.js")).upgrade(line);
    case "commit":
      return (await import("./cli/commit.js")).commit(line);
    case "rollback":
      return (await import("./cli/rollback.js")).rollback(line);
    case "reexec":
      return (await import("./cli/reexec.js")).reexec(line);
    case "drain":
      return (await import("./cli/drain.js")).drain(line);
    case "stop":
      return (await import("./cli/stop.js")).stop(line);
    case "events":
      return (await import("./cli/events.js")).events(line);
    case "history":
      return (await import("./cli/history.js")).history(line);
    case "reap":
      return (await import("./cli/reap.js")).reap(line);
    case "adopt-listener":
      return (await import("./cli/adopt-listener.js")).adoptListener(line);
    case "version":
      return (await import("./cli/version.js")).version(line);
    case "help":
      process.stdout.write((await import("./cli/help.js")).helpText());
      return succeed("done");
    default:
      return line.command satisfies never;
  }
}

// An upgrade is waited for to its end although nobody reads about it any more.
process.stdout.on("error", () => {});
const line = parseCommandLine(process.argv.slice(2));
const end = line.ok ? await run(line.value) : line;
if (!end.ok) complain(end.failure.message);
process.exitCode = exitStatusOf(end);
