import { type ParseArgsConfig, parseArgs } from "node:util";
import { isInstanceName } from "../lib/directories.js";
import { parseDuration } from "../lib/duration.js";
import { type Failure, fail, type Result, succeed } from "../lib/failure.js";
import { nearest } from "../lib/nearest.js";
import type { Command, CommandLine } from "./command.js";
import { commandOptions, generalOptions, type OptionName, optionNames } from "./command-options.js";

/** All values of each option that was given; of one without values an empty text. */
type Given = ReadonlyMap<OptionName, readonly string[]>;

const parsedOptions: ParseArgsConfig["options"] = Object.fromEntries(
  Object.entries(commandOptions).map(([name, { value, short }]) => [
    name,
    { type: value === undefined ? "boolean" : "string", ...(short !== undefined && { short }) },
  ]),
);

/** Reads the arguments after the program's name. Fails with `usage`, naming what was probably meant. */
export function parseCommandLine(
  args: readonly string[],
  commands: readonly Command[],
): Result<CommandLine, Failure<"usage">> {
  const { tokens } = parseArgs({
    args: [...args],
    options: parsedOptions,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const given = new Map<OptionName, readonly string[]>();
  const words: string[] = [];
  // What follows `--` is another program's, options and all.
  const end = tokens.find((token) => token.kind === "option-terminator")?.index ?? Number.POSITIVE_INFINITY;
  const program = args.slice(end + 1);
  for (const token of tokens) {
    if (token.kind === "positional" && token.index < end) words.push(token.value);
    if (token.kind !== "option") continue;
    const option = readOption(token);
    if (!option.ok) return option;
    given.set(option.value, [...(given.get(option.value) ?? []), token.value ?? ""]);
  }
  if (given.has("help")) return helpLine(words, commands);
  if (given.has("version")) words.unshift("version");
  const command = findCommand(words, commands);
  if (!command.ok) return command;
  // `holdfast -n web doctor`, by habit.
  if (command.value.alone) words.push(...(given.get("name") ?? []).slice(-1));
  const problem = checkWords(command.value, words.slice(1), program);
  if (problem !== undefined) return refuse(problem);
  const [, argument] = words;
  const line = build(command.value, given);
  if (!line.ok) return line;
  return succeed({
    ...line.value,
    ...(argument !== undefined && { argument }),
    ...(program.length > 0 && { program }),
  });
}

/** Whatever else was typed, help for the command among it. */
function helpLine(
  words: readonly string[],
  commands: readonly Command[],
): Result<CommandLine, Failure<"usage">> {
  const command = findCommand(["help"], commands);
  if (!command.ok) return command;
  const argument = words.find((word) => word !== "help" && commands.some(({ name }) => name === word));
  return succeed({ command: command.value, flags: new Set(), ...(argument !== undefined && { argument }) });
}

function checkWords(
  command: Command,
  [word, extra]: readonly string[],
  program: readonly string[],
): string | undefined {
  const { name } = command;
  if (command.argument === undefined && word !== undefined)
    return `${name} takes no argument, and ${JSON.stringify(word)} is one`;
  if (extra !== undefined && command.program)
    return `${name} takes one name, and ${JSON.stringify(extra)} is a second; the program goes after --`;
  if (extra !== undefined) return `${name} takes one argument, and ${JSON.stringify(extra)} is a second`;
  if (command.argument !== undefined && word === undefined && !command.argument.endsWith("]"))
    return `${name} needs ${command.argument}`;
  if (command.program && program.length === 0)
    return `${name} needs the program to run, after --, as in -- gunicorn app:app`;
  if (!command.program && program.length > 0) return `${name} runs no program, and there is one after --`;
  return undefined;
}

function build(command: Command, given: Given): Result<CommandLine, Failure<"usage">> {
  const known = [...command.options, ...generalOptions];
  for (const option of given.keys()) {
    if (!known.includes(option) || (command.alone && option === "socket"))
      return refuse(`${command.name} takes no --${option}`);
  }
  const contradiction = command.contradictions?.find(([one, other]) => given.has(one) && given.has(other));
  if (contradiction !== undefined) {
    const [one, other, why] = contradiction;
    return refuse(`--${one} and --${other} cannot be given together: ${why}`);
  }
  const name = last(given, "name");
  const socket = last(given, "socket");
  const timeout = last(given, "timeout");
  const release = last(given, "release");
  const workers = last(given, "workers");
  const message = last(given, "message");
  const since = last(given, "since");
  const config = last(given, "config");
  const listen = given.get("listen");
  const shared = given.get("shared");
  if (name !== undefined && socket !== undefined)
    return refuse("--name and --socket cannot be given together");
  if (name !== undefined && !isInstanceName(name)) {
    return refuse(`${JSON.stringify(name)} cannot be the name of an instance`);
  }
  const timeoutMs = timeout === undefined ? undefined : parseDuration(timeout);
  if (timeoutMs?.ok === false) return refuse(`--timeout: ${timeoutMs.failure.message}`);
  const flags = command.options.filter((flag) => isFlag(flag) && given.has(flag));
  return succeed({
    command,
    flags: new Set(flags),
    ...(name !== undefined && { name }),
    ...(socket !== undefined && { socket }),
    ...(timeoutMs !== undefined && { timeoutMs: timeoutMs.value }),
    ...(listen !== undefined && { listen }),
    ...(shared !== undefined && { shared }),
    ...(release !== undefined && { release }),
    ...(workers !== undefined && { workers }),
    ...(message !== undefined && { message }),
    ...(since !== undefined && { since }),
    ...(config !== undefined && { config }),
  });
}

function last(given: Given, option: OptionName): string | undefined {
  return given.get(option)?.at(-1);
}

function isFlag(option: OptionName): boolean {
  return commandOptions[option].value === undefined;
}

function findCommand(
  [word]: readonly string[],
  commands: readonly Command[],
): Result<Command, Failure<"usage">> {
  if (word === undefined) return refuse("a command is missing");
  const command = commands.find(({ name }) => name === word);
  if (command !== undefined) return succeed(command);
  const names = commands.map(({ name }) => name);
  return refuse(`unknown command ${word}${suggest(word, names)}`);
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
}

function readOption({ name, rawName, value }: OptionToken): Result<OptionName, Failure<"usage">> {
  const option = optionNames.find((known) => known === name);
  if (name === "command")
    return refuse("there is no --command: the program goes after --, as in -- gunicorn app:app");
  if (option === undefined) return refuse(`unknown option ${rawName}${suggest(name, optionNames, "--")}`);
  if (isFlag(option)) return value === undefined ? succeed(option) : refuse(`${rawName} takes no value`);
  return value === undefined || value === "" ? refuse(`${rawName} needs a value`) : succeed(option);
}

/** `; did you mean upgrade?`, where it is likely. */
export function suggest(word: string, candidates: readonly string[], prefix = ""): string {
  const meant = nearest(word, candidates);
  return meant === undefined ? "" : `; did you mean ${prefix}${meant}?`;
}

function refuse(what: string): Result<never, Failure<"usage">> {
  return fail("usage", `${what} (\`holdfast help\` shows what there is)`);
}
