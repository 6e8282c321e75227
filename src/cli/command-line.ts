import { type ParseArgsConfig, parseArgs } from "node:util";
import { isInstanceName } from "../lib/directories.js";
import { parseDuration } from "../lib/duration.js";
import { fail, type Result, succeed } from "../lib/failure.js";
import { nearest } from "../lib/nearest.js";
import { type CommandName, commands, type OptionName } from "./commands.js";

/** What was typed, checked: behind this line a command gets only options that it knows. */
export interface CommandLine {
  readonly command: CommandName;
  readonly name?: string;
  readonly socket?: string;
  readonly json: boolean;
  readonly wait: boolean;
  readonly hold?: true;
  readonly timeoutMs?: number;
  /** The one word after the command. */
  readonly argument?: string;
  /** argv after `--`, never empty. */
  readonly program?: readonly string[];
  readonly listen?: readonly string[];
  readonly release?: string;
  readonly workers?: string;
  readonly noSocket?: true;
}

const options = {
  name: { type: "string", short: "n" },
  socket: { type: "string" },
  json: { type: "boolean" },
  timeout: { type: "string" },
  "no-wait": { type: "boolean" },
  hold: { type: "boolean" },
  listen: { type: "string", multiple: true },
  release: { type: "string" },
  workers: { type: "string" },
  "no-socket": { type: "boolean" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "V" },
} satisfies ParseArgsConfig["options"];

/** Reads the arguments after the program's name. Fails with `usage`, naming what was probably meant. */
export function parseCommandLine(args: readonly string[]): Result<CommandLine> {
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const given = new Map<string, string>();
  const listen: string[] = [];
  const words: string[] = [];
  // What follows `--` is another program's, options and all.
  const end = tokens.find((token) => token.kind === "option-terminator")?.index ?? Number.POSITIVE_INFINITY;
  const program = args.slice(end + 1);
  for (const token of tokens) {
    if (token.kind === "positional" && token.index < end) words.push(token.value);
    if (token.kind !== "option") continue;
    const problem = checkOption(token);
    if (problem !== undefined) return refuse(problem);
    given.set(token.name, token.value ?? "");
    if (token.name === "listen") listen.push(token.value ?? "");
  }
  if (given.has("help")) return succeed({ command: "help", json: false, wait: true });
  if (given.has("version")) words.unshift("version");
  const command = findCommand(words);
  if (!command.ok) return command;
  const name = given.get("name");
  // `holdfast -n web doctor`, by habit.
  if (commands[command.value].alone && name !== undefined) words.push(name);
  const problem = checkWords(command.value, words.slice(1), program);
  if (problem !== undefined) return refuse(problem);
  const line = build(command.value, given);
  if (!line.ok) return line;
  const [, argument] = words;
  return succeed({
    ...line.value,
    ...(argument !== undefined && { argument }),
    ...(program.length > 0 && { program }),
    ...(listen.length > 0 && { listen }),
  });
}

function checkWords(
  name: CommandName,
  [word, extra]: readonly string[],
  program: readonly string[],
): string | undefined {
  const command = commands[name];
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

function build(command: CommandName, given: ReadonlyMap<string, string>): Result<CommandLine> {
  const { options: own, alone } = commands[command];
  const known: ReadonlySet<string> = new Set([...own, "name", "version", ...(alone ? [] : ["socket"])]);
  for (const option of given.keys()) {
    if (!known.has(option)) return refuse(`${command} takes no --${option}`);
  }
  const name = given.get("name");
  const socket = given.get("socket");
  const timeout = given.get("timeout");
  if (name !== undefined && socket !== undefined)
    return refuse("--name and --socket cannot be given together");
  if (name !== undefined && !isInstanceName(name)) {
    return refuse(`${JSON.stringify(name)} cannot be the name of an instance`);
  }
  const timeoutMs = timeout === undefined ? undefined : parseDuration(timeout);
  if (timeoutMs?.ok === false) return refuse(`--timeout: ${timeoutMs.failure.message}`);
  const release = given.get("release");
  const workers = given.get("workers");
  return succeed({
    command,
    json: given.has("json"),
    wait: !given.has("no-wait"),
    ...(given.has("hold") && { hold: true as const }),
    ...(name !== undefined && { name }),
    ...(socket !== undefined && { socket }),
    ...(timeoutMs !== undefined && { timeoutMs: timeoutMs.value }),
    ...(release !== undefined && { release }),
    ...(workers !== undefined && { workers }),
    ...(given.has("no-socket") && { noSocket: true }),
  });
}

function findCommand(words: readonly string[]): Result<CommandName> {
  const [word] = words;
  if (word === undefined) return refuse("a command is missing");
  const command = commandNames().find((name) => name === word);
  if (command === undefined) return refuse(`unknown command ${word}${suggest(word, commandNames())}`);
  return succeed(command);
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
}

function checkOption({ name, rawName, value }: OptionToken): string | undefined {
  const option = optionNames().find((known) => known === name);
  if (name === "command")
    return "there is no --command: the program goes after --, as in -- gunicorn app:app";
  if (option === undefined) {
    return `unknown option ${rawName}${suggest(name, optionNames(), "--")}`;
  }
  const { type } = options[option];
  if (type === "string" && (value === undefined || value === "")) return `${rawName} needs a value`;
  return type === "boolean" && value !== undefined ? `${rawName} takes no value` : undefined;
}

function commandNames(): CommandName[] {
  return Object.keys(commands).filter((name): name is CommandName => name in commands);
}

function optionNames(): (keyof typeof options)[] {
  const common = ["name", "socket", "help", "version"] as const;
  const own = Object.values(commands).flatMap((command): readonly OptionName[] => command.options);
  return [...common, ...own];
}

function suggest(word: string, candidates: readonly string[], prefix = ""): string {
  const meant = nearest(word, candidates);
  return meant === undefined ? "" : `; did you mean ${prefix}${meant}?`;
}

function refuse(what: string): Result<never> {
  return fail("usage", `${what} (\`holdfast help\` shows what there is)`);
}
