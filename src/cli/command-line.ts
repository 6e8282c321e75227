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
  readonly timeoutMs?: number;
}

const options = {
  name: { type: "string", short: "n" },
  socket: { type: "string" },
  json: { type: "boolean" },
  timeout: { type: "string" },
  "no-wait": { type: "boolean" },
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
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const problem = checkOption(token);
    if (problem !== undefined) return refuse(problem);
    given.set(token.name, token.value ?? "");
  }
  if (given.has("help")) return succeed({ command: "help", json: false, wait: true });
  const command = findCommand(given.has("version") ? ["version", ...words] : words);
  return command.ok ? build(command.value, given) : command;
}

function build(command: CommandName, given: ReadonlyMap<string, string>): Result<CommandLine> {
  const known: ReadonlySet<string> = new Set([...commands[command].options, "name", "socket", "version"]);
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
  return succeed({
    command,
    json: given.has("json"),
    wait: !given.has("no-wait"),
    ...(name !== undefined && { name }),
    ...(socket !== undefined && { socket }),
    ...(timeoutMs !== undefined && { timeoutMs: timeoutMs.value }),
  });
}

function findCommand(words: readonly string[]): Result<CommandName> {
  const [word, extra] = words;
  if (word === undefined) return refuse("a command is missing");
  const command = commandNames().find((name) => name === word);
  if (command === undefined) return refuse(`unknown command ${word}${suggest(word, commandNames())}`);
  if (extra !== undefined) return refuse(`${command} takes no argument, and ${JSON.stringify(extra)} is one`);
  return succeed(command);
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
}

function checkOption({ name, rawName, value }: OptionToken): string | undefined {
  const option = optionNames().find((known) => known === name);
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
