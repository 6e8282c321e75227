import { examine } from "../doctor/examine.js";
import type { Finding } from "../doctor/finding.js";
import { findInstances } from "../doctor/gather/find-instances.js";
import { gatherFacts } from "../doctor/gather/gather.js";
import { gatherMachine } from "../doctor/gather/machine.js";
import { fail, succeed } from "../lib/failure.js";
import { printableJson } from "../lib/printable.js";
import type { CommandLine, End } from "./command.js";
import { lookOf, paragraph, say } from "./print.js";

interface Examined {
  readonly name: string;
  readonly unit: string;
  /** The file that was looked at. */
  readonly config: string;
  readonly findings: readonly Finding[];
}

/** `holdfast doctor`: what is wrong with instances and their surroundings, each with the line to change. Changes nothing. */
export async function diagnose({ argument, flags, config }: CommandLine): Promise<End> {
  if (config !== undefined && argument === undefined)
    return fail("usage", "--config needs the name of the instance whose config it is to be");
  const instances = await findInstances(argument, config !== undefined);
  if (!instances.ok) return instances;
  const machine = await gatherMachine();
  const examined: Examined[] = [];
  for (const instance of instances.value) {
    const facts = await gatherFacts(instance, machine, config);
    if (!facts.ok) return facts;
    const { name, unit } = instance;
    examined.push({ name, unit, config: facts.value.configFile, findings: examine(facts.value) });
  }
  if (flags.has("json")) process.stdout.write(`${printableJson({ instances: examined }, 2)}\n`);
  else for (const instance of examined) print(instance, config);
  const problems = examined.reduce((sum, { findings }) => sum + countProblems(findings), 0);
  return problems === 0 ? succeed("done") : fail("findings", count(problems));
}

function print({ name, unit, findings }: Examined, candidate: string | undefined): void {
  const problems = countProblems(findings);
  const which = candidate === undefined ? unit : `${unit}, with ${candidate}`;
  say(`${name} (${which}): ${problems === 0 ? "no problem found" : count(problems)}`);
  for (const { level, message, remedy } of findings) {
    const mark = { text: `${level}:`, style: level === "problem" ? "red" : "dim" } as const;
    process.stdout.write(`${paragraph(message, lookOf(process.stdout), mark, "  ").join("\n")}\n`);
    if (remedy === null) continue;
    say(`    ${remedy.where}${remedy.lines.length === 0 ? "" : ":"}`);
    for (const line of remedy.lines) say(`      ${line}`);
  }
}

function countProblems(findings: readonly Finding[]): number {
  return findings.filter(({ level }) => level === "problem").length;
}

function count(problems: number): string {
  return problems === 1 ? "1 problem" : `${problems} problems`;
}
