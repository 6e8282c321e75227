import type { Command } from "./command.js";
import { commandOptions, generalOptions, type OptionName, optionNames } from "./command-options.js";
import { capitalize, foldWords } from "./fold.js";

/** Of every terminal, and of what people paste. */
const width = 80;
const column = 20;

const exitStatus = `Exit status: 0 done, 1 failed or findings, 2 usage, 3 not running or no such
instance, 4 degraded (no answer yet, or it needs care), 5 not permitted.
`;

/** The text of `holdfast help`. */
export function helpText(commands: readonly Command[]): string {
  return `Usage: holdfast [-n NAME | --socket PATH] COMMAND [OPTION...]

Commands:
${commands.map((command) => explain(headOf(command), command.summary)).join("\n")}

Options:
${optionNames.map(explainOption).join("\n")}

${exitStatus}
\`holdfast help COMMAND\` and \`holdfast COMMAND --help\` tell what it takes.
`;
}

/** The text of `holdfast help COMMAND`. */
export function commandHelp(command: Command): string {
  const { alone, options, summary } = command;
  const words = ["Usage: holdfast", ...(alone ? [] : ["[-n NAME | --socket PATH]"]), ...wordsOf(command)];
  const taken = [
    ...options,
    ...generalOptions.filter((name) => !alone || (name !== "name" && name !== "socket")),
  ];
  return `${hang(words, "    ")}

${foldWords(`${capitalize(summary)}.`.split(" "), width).join("\n")}

Options:
${taken.map(explainOption).join("\n")}

${exitStatus}`;
}

/** A command with all that may follow it: `upgrade [--hold] [--timeout TIME] [--no-wait]`. */
export function synopsisOf(command: Command): string {
  return wordsOf(command).join(" ");
}

/** A command without its options. */
function headOf(command: Command): string {
  return wordsOf({ ...command, options: [] }).join(" ");
}

/** What is not to be parted is one word. */
function wordsOf({ name, argument, options, program }: Command): readonly string[] {
  const optional = options.map((option) => `[${writeOption(option)}]`);
  return [name, argument, ...optional, program && programWord].filter((word) => typeof word === "string");
}

const programWord = "-- PROGRAM [ARGUMENT...]";

/** An option in all its spellings: `-n, --name NAME`. */
export function spellingsOf(name: OptionName): string {
  const { short } = commandOptions[name];
  return `${short === undefined ? "" : `-${short}, `}${writeOption(name)}`;
}

function writeOption(name: OptionName): string {
  const { value } = commandOptions[name];
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}

function explainOption(name: OptionName): string {
  const { summary, detail = "" } = commandOptions[name];
  return explain(spellingsOf(name), summary + detail);
}

/** What is explained, and the text in a column beside it; below where there is no room. */
function explain(what: string, text: string): string {
  const lines = foldWords(text.split(" "), width - column).map((line) => " ".repeat(column) + line);
  const head = `  ${what}`;
  if (head.length >= column) return [head, ...lines].join("\n");
  return head + lines.join("\n").slice(head.length);
}

/** Words that are not to be parted, in lines of which all but the first are indented. */
function hang(words: readonly string[], indent: string): string {
  return foldWords(words, width - indent.length).join(`\n${indent}`);
}
