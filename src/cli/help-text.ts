import type { Command } from "./command.js";
import { commandOptions, type OptionName, optionNames } from "./command-options.js";

const summaryColumn = 40;
const optionColumn = 20;

/** The text of `holdfast help`. */
export function helpText(commands: readonly Command[]): string {
  const commandLines = commands.map((command) =>
    explain(`  ${synopsisOf(command)}`, summaryColumn, command.summary),
  );
  const optionLines = optionNames.map((name) => {
    const { summary, detail = "" } = commandOptions[name];
    return explain(`  ${spellingsOf(name)}`, optionColumn, summary + detail);
  });
  return `Usage: holdfast [-n NAME | --socket PATH] COMMAND

Commands:
${commandLines.join("\n")}

Options:
${optionLines.join("\n")}

Exit status: 0 done, 1 failed or findings, 2 usage, 3 not running or no such instance,
4 degraded (not answering yet, or something needs care).
`;
}

/** A command with all that may follow it: `upgrade [--hold] [--timeout TIME] [--no-wait]`. */
export function synopsisOf({ name, argument, options, program }: Command): string {
  const words = [name, argument, ...options.map((option) => `[${writeOption(option)}]`)];
  return [...words, program && "-- PROGRAM [ARGUMENT...]"].filter(Boolean).join(" ");
}

/** An option in all its spellings: `-n, --name NAME`. */
export function spellingsOf(name: OptionName): string {
  const { short } = commandOptions[name];
  return `${short === undefined ? "" : `-${short}, `}${writeOption(name)}`;
}

function writeOption(name: OptionName): string {
  const { value } = commandOptions[name];
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}

function explain(what: string, column: number, text: string): string {
  return what.length < column ? `${what.padEnd(column)}${text}` : `${what}\n${" ".repeat(column)}${text}`;
}
