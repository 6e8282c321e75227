import { execFile, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { type Failure, fail, type Result, succeed } from "../lib/failure.js";
import { findProgram } from "../linux/find-program.js";
import type { CommandLine, End } from "./command.js";
import { findUnit } from "./find-unit.js";
import type { Happened } from "./format-event.js";
import { readJournalEntry } from "./journal-entry.js";
import { daemonMatches } from "./journal-matches.js";

const run = promisify(execFile);
const asJson = ["--quiet", "--no-pager", "--all", "--output=json"] as const;

/**
 * What the daemon has said since a time, and what it goes on to say, until it is interrupted. All of it comes from the journal, by one
 * journalctl(1) with this user's rights: so nothing is missing or twice between the two, and daemons may come and go.
 */
export async function followJournal(
  line: CommandLine,
  since: string,
  print: (one: Happened) => void,
): Promise<End> {
  const service = await findUnit(line);
  if (!service.ok)
    return service.failure.reason === "no-journal" ? without(service.failure.message) : service;
  const { name, unit } = service.value;
  const known = await hasEntries(unit);
  if (!known.ok) return known;
  if (!known.value) {
    const why = "it logs elsewhere, is long gone, or this user may not read the journal";
    return without(`the journal has nothing that the daemon of ${name} said (${unit}): ${why}`);
  }
  return follow(["--follow", "--no-tail", `--since=${timeFor(since)}`, ...daemonMatches(unit)], since, print);
}

function without(why: string): End {
  const todo =
    "root and the groups systemd-journal and adm may read it; `holdfast events` without --since follows what happens from now on";
  return fail("no-journal", `cannot tell what has happened before: ${why}; ${todo}`);
}

/** The journal of another boot or user may be all that there is. */
async function hasEntries(unit: string): Promise<Result<boolean, Failure>> {
  try {
    const { stdout } = await run(findProgram("journalctl"), [...asJson, "--lines=1", ...daemonMatches(unit)]);
    return succeed(stdout.trim() !== "");
  } catch {
    return fail("journal-failed", "cannot ask the journal: journalctl is not there, or has failed");
  }
}

/** Whatever ends this process ends journalctl, too. */
async function follow(args: readonly string[], since: string, print: (one: Happened) => void): Promise<End> {
  const child = spawn(findProgram("journalctl"), [...asJson, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let over = false;
  const end = (): void => {
    over = true;
    child.kill();
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, end);
  try {
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-1_000);
    });
    createInterface({ input: child.stdout }).on("line", (text) => {
      const entry = readJournalEntry(text);
      if (entry !== undefined) print(entry);
    });
    const status = await new Promise<number | null>((resolve) => {
      child.once("error", () => resolve(127));
      child.once("close", resolve);
    });
    if (over || status === 0) return succeed("done");
    if (/parse timestamp/i.test(said)) {
      const times = '1h, 10min, 2026-01-31, "2026-01-31 12:00", 2026-01-31T12:00:00Z or yesterday';
      return fail("usage", `--since: ${JSON.stringify(since)} is no time; write one like ${times}`);
    }
    return fail("journal-failed", `journalctl exited with status ${status}: ${said.trim()}`);
  } finally {
    for (const signal of signals) process.off(signal, end);
  }
}

/** As each journalctl understands it: a span without a sign is one that has passed, and times of ISO 8601 are of old versions unknown. */
export function timeFor(since: string): string {
  if (/^\d+\s*[a-z]/i.test(since) && !/\b(ago|left)\b/i.test(since)) return `-${since}`;
  const at = /^\d{4}-\d\d-\d\dT/.test(since) ? Date.parse(since) : Number.NaN;
  return Number.isNaN(at) ? since : `@${Math.floor(at / 1_000)}`;
}
