import type { Command } from "../command.js";
import { commandOptions, generalOptions, type OptionName } from "../command-options.js";

export function zshCompletion(commands: readonly Command[]): string {
  return `#compdef holdfast
# zsh completion for holdfast(1)

_holdfast_names() {
  local -a names
  names=(/run/holdfast/*(N-/:t))
  _describe 'instance' names
}

_holdfast_configs() {
  local -a names
  names=(/etc/holdfast/*.toml(N:t:r))
  _describe 'instance' names
}

_holdfast() {
  local -a commands
  local context state state_descr line
  typeset -A opt_args
  commands=(
${commands.map(({ name, summary }) => `    ${quote(`${name}:${escapeColons(summary)}`)}`).join("\n")}
  )
  _arguments -C \\
${generalOptions.map((name) => `    ${specify(name)} \\`).join("\n")}
    '1:command:->command' \\
    '*::option:->option'
  case $state in
    command) _describe 'command' commands ;;
    option)
      case $line[1] in
${commands.flatMap((command) => complete(command, commands)).join("\n")}
      esac
      ;;
  esac
}

_holdfast "$@"
`;
}

const actions = { instance: "_holdfast_names", file: "_files", directory: "_files -/" } as const;

function complete(command: Command, commands: readonly Command[]): string[] {
  const { name, argument, completes, several, options } = command;
  const names = `(${commands.map((one) => one.name).join(" ")})`;
  const offers = { command: names, config: "_holdfast_configs", instance: "_holdfast_names" };
  const word = completes === undefined ? "" : offers[completes];
  const place = several ? "*" : "1";
  const words = argument === undefined ? [] : [quote(`${place}:${escapeColons(argument)}:${word}`)];
  const specifications = [...words, ...options.map(specify)];
  return specifications.length === 0
    ? []
    : [`        ${name})\n          _arguments ${specifications.join(" \\\n            ")}\n          ;;`];
}

/** One argument of _arguments: zshcompsys(1). */
function specify(name: OptionName): string {
  const { short, value, completes, multiple, summary } = commandOptions[name];
  const action = value === undefined ? "" : `:${escapeColons(value)}:${completes ? actions[completes] : ""}`;
  const rest = `[${escapeColons(summary)}]${action}`;
  if (short === undefined) return quote(`${multiple ? "*" : exclusions(name)}--${name}${rest}`);
  return `${quote(exclusions(name, short))}{-${short},--${name}}${quote(rest)}`;
}

/** What is not offered any more beside it. */
function exclusions(name: OptionName, short?: string): string {
  if (name === "name" || name === "socket") return "(-n --name --socket)";
  if (name === "help" || name === "version") return "(- *)";
  return short === undefined ? "" : `(-${short} --${name})`;
}

/** A colon ends a part. */
function escapeColons(text: string): string {
  return text.replaceAll(":", "\\:");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
