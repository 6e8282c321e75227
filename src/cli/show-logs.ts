import { spawn } from "node:child_process";
import { type Failure, fail, type Result, succeed } from "../lib/failure.js";
import { cgroupOf, processesIn } from "../linux/cgroup.js";
import { findProgram } from "../linux/find-program.js";
import { parentOf } from "../linux/pidfd.js";
import { reachDaemon } from "./ask-daemon.js";
import type { CommandLine, End } from "./command.js";
import { findHistory } from "./commands/history.js";
import { journalMatches, type LoggedGeneration, readPids } from "./journal-matches.js";

/** `holdfast logs`: runs journalctl(1) on this terminal, with what finds the service or one generation of it. */
export async function showLogs(line: CommandLine): Promise<End> {
  const unit = await findUnit(line);
  if (!unit.ok) return unit;
  const generation =
    line.argument === undefined ? succeed(undefined) : await findGeneration(line, unit.value);
  if (!generation.ok) return generation;
  const matches = journalMatches(unit.value, generation.value);
  const { status } = await journalctl([...(line.flags.has("follow") ? ["-f"] : []), ...matches], "inherit");
  return status === 0 ? succeed("done") : fail("journal-failed", `journalctl exited with status ${status}`);
}

async function findUnit(line: CommandLine): Promise<Result<string, Failure>> {
  const client = await reachDaemon(line, askTimeoutMs);
  const status = client.ok ? await client.value.status() : client;
  if (status.ok && status.value.unit !== null) return succeed(status.value.unit);
  if (status.ok) {
    return fail(
      "no-journal",
      "the daemon is no unit of systemd's: its log is on its terminal or in its log file",
    );
  }
  // A service that does not run has its log all the same.
  return line.name === undefined ? status : succeed(`holdfast@${line.name}.service`);
}

const askTimeoutMs = 3_000;

async function findGeneration(line: CommandLine, unit: string): Promise<Result<LoggedGeneration, Failure>> {
  const id = Number(line.argument);
  const history = await findHistory(line);
  if (!history.ok) return history;
  const entry = history.value.find(({ generation }) => generation === id);
  if (entry === undefined) {
    return fail(
      "generation-unknown",
      `no generation ${id} is known; \`holdfast history\` lists those that are`,
    );
  }
  const { from, to } = entry;
  const fields = ["-o", "json", "--output-fields=HOLDFAST_PID"];
  const found = await journalctl([...fields, ...journalMatches(unit, { id, from, to, pids: [] })], "pipe");
  const workers = readPids(found.output);
  return succeed({ id, from, to, pids: [...workers, ...(to === null ? childrenOf(workers) : [])] });
}

/** What has been started by them and is there still. */
function childrenOf(workers: readonly number[]): readonly number[] {
  const groups = new Set(workers.flatMap((pid) => cgroupOf(pid) ?? []));
  const all = [...groups].flatMap(processesIn);
  const family = new Set(workers);
  for (let size = 0; size !== family.size; ) {
    size = family.size;
    for (const pid of all) if (family.has(parentOf(pid) ?? 0)) family.add(pid);
  }
  return [...family].filter((pid) => !workers.includes(pid));
}

/** Ctrl-C is journalctl's: it ends the following, and this process with it. */
async function journalctl(
  args: readonly string[],
  stdout: "inherit" | "pipe",
): Promise<{ readonly status: number | null; readonly output: string }> {
  const interrupted = (): void => {};
  process.on("SIGINT", interrupted);
  try {
    const child = spawn(findProgram("journalctl"), args, { stdio: ["inherit", stdout, "inherit"] });
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
    const status = await new Promise<number | null>((resolve) => {
      child.once("error", () => resolve(127));
      child.once("close", (code, signal) => resolve(signal === "SIGINT" ? 0 : code));
    });
    return { status, output };
  } finally {
    process.off("SIGINT", interrupted);
  }
}
