#!/usr/bin/env node
import type { End } from "./cli/command.js";
import { parseCommandLine } from "./cli/command-line.js";
import { commands } from "./cli/commands.js";
import { complain } from "./cli/print.js";
import type { Failure } from "./lib/failure.js";

// An upgrade is waited for to its end although nobody reads about it any more.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
// Without an `await` of the file's own: as a CommonJS module it is loaded sooner.
void run().then((end) => {
  if (!end.ok) complain(end.failure.message);
  process.exitCode = statusOf(end);
});

async function run(): Promise<End> {
  const line = parseCommandLine(process.argv.slice(2), commands);
  return line.ok ? line.value.command.run(line.value, commands) : line;
}

/** The exit status of a command, the same for all of them. */
function statusOf(end: End): 0 | 1 | 2 | 3 | 4 | 5 {
  if (end.ok) return end.value === "done" ? 0 : 4;
  return statusOfFailure(end.failure);
}

function statusOfFailure({ reason }: Failure): 1 | 2 | 3 | 5 {
  if (reason === "usage") return 2;
  if (reason === "permission-denied") return 5;
  return reason === "not-running" || reason === "no-such-instance" ? 3 : 1;
}
