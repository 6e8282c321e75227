import type { ChangesReport, DifferenceReport } from "../../control/port.js";
import { succeed } from "../../lib/failure.js";
import { printableJson } from "../../lib/printable.js";
import { askDaemon } from "../ask-daemon.js";
import type { Command } from "../command.js";
import { say } from "../print.js";

/** A big release is read through first. */
const patienceMs = 300_000;

/** What an upgrade would take from the disk, held against what serves and what stands by. */
export const changesCommand: Command = {
  name: "changes",
  options: ["json"],
  summary: "what an upgrade would change",
  run: askDaemon(async (client, { flags }) => {
    const changes = await client.changes();
    if (!changes.ok) return changes;
    if (flags.has("json")) process.stdout.write(`${printableJson(changes.value, 2)}\n`);
    else say(describe(changes.value));
    return succeed("done");
  }, patienceMs),
};

function describe({ release, version, generations }: ChangesReport): string {
  const found = `on the disk: ${nameRelease(version, release)}`;
  if (generations.length === 0) return `${found}; no generation is active`;
  return [found, ...generations.flatMap(describeOne)].join("\n");
}

function describeOne(one: DifferenceReport): readonly string[] {
  const { generation, phase, version, release, same, config, files } = one;
  const which = `generation ${generation} ${phase === "active" ? "is active" : "stands by"}`;
  if (same === true) return [`${which}: an upgrade would start the same once more`];
  const lines = [`${which}: ${nameRelease(version, release)}`];
  if (config.length > 0) lines.push(`  config: ${config.join(", ")}`);
  if (files === null) return [...lines, "  files: it runs from no snapshot, so nobody can tell"];
  const { added, changed, removed, examples } = files;
  if (added + changed + removed === 0) return lines;
  lines.push(`  files: ${changed} changed, ${added} added, ${removed} removed: ${examples.join(", ")}`);
  return lines;
}

function nameRelease(version: string | null, release: string): string {
  return version === null ? release : `version ${version} in ${release}`;
}
