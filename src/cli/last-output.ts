import { execFile } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { findProgram } from "../linux/find-program.js";
import { userOf } from "../linux/process-user.js";
import { outputMatches } from "./journal-matches.js";

const run = promisify(execFile);
const timeoutMs = 3_000;
/** One uncaught error of Node takes 25, and what it is stands at its head. */
const mostLines = 30;
const longestLine = 300;
/** Before systemd 258 a sync of the journal does not wait for what is in a process's stream. */
const mostLooks = 4;
const betweenLooksMs = 150;

/** The generation whose output is wanted. */
export interface Wanted {
  /** Of the service. */
  readonly name: string;
  /** Null without systemd: then it went where the daemon's went. */
  readonly unit: string | null;
  /** Of the daemon. */
  readonly pid: number;
  readonly generation: number;
}

/** What `readLastOutput` finds of a generation that has just ended: what it wrote may still be on its way. */
export async function awaitLastOutput(wanted: Wanted): Promise<readonly string[]> {
  for (let look = 1; ; look += 1) {
    const lines = await readLastOutput(wanted);
    if (wanted.unit === null || lines.length > 0 || look === mostLooks) return lines;
    await pause(betweenLooksMs);
  }
}

/**
 * The last lines that a generation's processes wrote, as far as this user may read the journal; none where that is not so. Nobody else
 * keeps them: they go from the process straight to the journal, whose rules say who may read them.
 */
export async function readLastOutput({ name, unit, pid, generation }: Wanted): Promise<readonly string[]> {
  if (unit === null) return [];
  // What has just been written may still be on its way; only root may hurry it.
  if (process.geteuid?.() === 0) await ask(["--sync"]);
  const printed = await ask([
    "--quiet",
    "--no-pager",
    "--boot",
    "--output=cat",
    `--lines=${mostLines}`,
    ...outputMatches({ unit, uid: userOf(pid) }, { name, id: generation }),
  ]);
  return printed
    .trimEnd()
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => (line.length > longestLine ? `${line.slice(0, longestLine)}…` : line));
}

/** Its heading, and the lines themselves. */
export function layOutput(generation: number, lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return [];
  return [`the last lines of generation ${generation}:`, ...lines.map((line) => `  ${line}`)];
}

async function ask(options: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run(findProgram("journalctl"), [...options], { timeout: timeoutMs });
    return stdout;
  } catch {
    return "";
  }
}
