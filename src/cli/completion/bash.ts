import type { Command } from "../command.js";
import { commandOptions, generalOptions, type OptionName, optionNames } from "../command-options.js";

/** For bash 4 and later. */
export function bashCompletion(commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name);
  const spellings = spellingsWithValue.join("|");
  return `# bash completion for holdfast(1)

_holdfast_names() {
  local socket
  for socket in /run/holdfast/*/control.sock; do
    [ -e "$socket" ] || continue
    socket=\${socket%/control.sock}
    echo "\${socket##*/}"
  done
}

_holdfast_configs() {
  local config
  for config in /etc/holdfast/*.toml; do
    [ -e "$config" ] || continue
    config=\${config%.toml}
    echo "\${config##*/}"
  done
}

_holdfast() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local commands="${names.join(" ")}"
  local options="${generalOptions.map(write).join(" ")}" word before= command=
  COMPREPLY=()
  case $previous in
${optionNames.flatMap(offerValue).join("\n")}
${commands.flatMap((command) => offerArgument(command, names)).join("\n")}
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    # An instance may be called like a command.
    [[ " $commands " == *" $word "* && $before != @(${spellings}) ]] && command=$word
    before=$word
  done
  case $command in
    "") options="$commands $options" ;;
${commands.flatMap(offerOptions).join("\n")}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
}

complete -F _holdfast holdfast
`;
}

/** Of the options of every command that a value follows. */
export const spellingsWithValue: readonly string[] = generalOptions.flatMap((name) => {
  const { short, value } = commandOptions[name];
  if (value === undefined) return [];
  return [...(short === undefined ? [] : [`-${short}`]), write(name)];
});

const generators = {
  instance: '-W "$(_holdfast_names)"',
  file: "-f",
  directory: "-d",
} as const;

function offerValue(name: OptionName): string[] {
  const { short, value, completes } = commandOptions[name];
  if (value === undefined) return [];
  const pattern = short === undefined ? write(name) : `-${short} | ${write(name)}`;
  return [offer(pattern, completes && generators[completes])];
}

/** Right after the command. What need not be given is offered beside the options. */
function offerArgument(command: Command, names: readonly string[]): string[] {
  const { name, argument, completes, several, options } = command;
  if (completes !== undefined && !several) {
    const words = completes === "command" ? names : ["$(_holdfast_configs)"];
    return [offer(name, `-W "${[...options.map(write), ...words].join(" ")}"`)];
  }
  return argument === undefined || argument.endsWith("]") ? [] : [offer(name)];
}

function offer(pattern: string, generator?: string): string {
  if (generator === undefined) return `    ${pattern}) return ;;`;
  return `    ${pattern})
      mapfile -t COMPREPLY < <(compgen ${generator} -- "$current")
      return
      ;;`;
}

function offerOptions({ name, alone, options, program, several }: Command): string[] {
  const names = several ? ["$(_holdfast_names)"] : [];
  const own = [...options.map(write), ...(program ? ["--"] : []), ...names];
  if (alone) return [`    ${name}) options="${own.join(" ")}" ;;`];
  return own.length === 0 ? [] : [`    ${name}) options="$options ${own.join(" ")}" ;;`];
}

function write(name: OptionName): string {
  return `--${name}`;
}
