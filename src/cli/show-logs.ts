import { spawn } from "node:child_process";
import { type Failure, fail, type Result, succeed } from "../lib/failure.js";
import { findProgram } from "../linux/find-program.js";
import type { CommandLine, End } from "./command.js";
import { findEntry } from "./find-history.js";
import { findUnit } from "./find-unit.js";
import { journalMatches, type LoggedGeneration } from "./journal-matches.js";

/** `holdfast logs`: runs journalctl(1) on this terminal, with what finds the service or one generation of it. */
export async function showLogs(line: CommandLine, id: number | undefined): Promise<End> {
  const service = await findUnit(line);
  if (!service.ok) return service;
  const generation =
    id === undefined ? succeed(undefined) : await findGeneration(line, service.value.name, id);
  if (!generation.ok) return generation;
  const matches = journalMatches(service.value, generation.value);
  const status = await journalctl([...(line.flags.has("follow") ? ["-f"] : []), ...matches]);
  return status === 0 ? succeed("done") : fail("journal-failed", `journalctl exited with status ${status}`);
}

async function findGeneration(
  line: CommandLine,
  name: string,
  id: number,
): Promise<Result<LoggedGeneration, Failure>> {
  const entry = await findEntry(line, id);
  if (!entry.ok) return entry;
  const { from, to } = entry.value;
  return succeed({ name, id, from, to });
}

/** Its exit status. Ctrl-C is journalctl's: it ends the following, and this process with it. */
async function journalctl(args: readonly string[]): Promise<number | null> {
  const interrupted = (): void => {};
  process.on("SIGINT", interrupted);
  try {
    const child = spawn(findProgram("journalctl"), args, { stdio: "inherit" });
    return await new Promise((resolve) => {
      child.once("error", () => resolve(127));
      child.once("close", (code, signal) => resolve(signal === "SIGINT" ? 0 : code));
    });
  } finally {
    process.off("SIGINT", interrupted);
  }
}
