import { configFolder, namesOfConfigs } from "../config/config-files.js";
import { createControlClient } from "../control/client.js";
import type { StatusReport } from "../control/replies.js";
import { findRunning, type Running } from "../instances/find-running.js";
import { type Failure, fail, succeed } from "../lib/failure.js";
import { printableJson } from "../lib/printable.js";
import { surroundings } from "./ask-daemon.js";
import type { CommandLine, End } from "./command.js";
import { lookOf } from "./print.js";
import { type Cell, formatTable } from "./table.js";

const askTimeoutMs = 3_000;

/** One of them is null: what the daemon says, or why it says nothing. */
interface Listed {
  readonly name: string;
  readonly report: StatusReport | null;
  readonly failure: Failure | null;
}

/** A line for each instance that runs or is configured, or the same as JSON. */
export async function listInstances(
  { flags }: CommandLine,
  found: readonly Running[] = findRunning(surroundings()),
): Promise<End> {
  const running = await Promise.all(
    found.map(async ({ name, address }): Promise<Listed> => {
      const status = await createControlClient({ ...address, timeoutMs: askTimeoutMs }).status();
      return status.ok
        ? { name, report: status.value, failure: null }
        : { name, report: null, failure: status.failure };
    }),
  );
  const stopped = namesOfConfigs()
    .filter((name) => !running.some((one) => one.name === name))
    .map((name): Listed => ({ name, report: null, failure: notRunning }));
  const listed = [...running, ...stopped].sort((one, other) => (one.name < other.name ? -1 : 1));
  if (listed.length === 0) {
    return fail("not-running", `no instance runs, and ${configFolder} has no config`);
  }
  const text = flags.has("json")
    ? printableJson({ instances: listed }, 2)
    : formatTable(["NAME", "STATE", "VERSION", "SUMMARY"], listed.map(toRow), lookOf(process.stdout)).join(
        "\n",
      );
  process.stdout.write(`${text}\n`);
  return succeed(listed.some(({ report }) => (report?.degraded ?? null) !== null) ? "degraded" : "done");
}

const notRunning: Failure = { reason: "not-running", message: "it has a config, and does not run" };

/** What can be told of an instance that tells nothing itself. */
const stateWithout: Readonly<Record<string, string>> = { "not-running": "stopped" };

function toRow({ name, report, failure }: Listed): Cell[] {
  if (report === null) {
    return [
      name,
      { text: stateWithout[failure?.reason ?? ""] ?? "?", style: "dim" },
      "-",
      failure?.message ?? "",
    ];
  }
  const version = report.generations.find(({ phase }) => phase === "active")?.version ?? "-";
  if (report.degraded !== null) return [name, { text: "degraded", style: "red" }, version, report.degraded];
  const style = report.lifecycle === "running" ? "green" : "yellow";
  return [name, { text: report.lifecycle, style }, version, report.summary];
}
