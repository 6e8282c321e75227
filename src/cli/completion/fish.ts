import type { Command } from "../command.js";
import { commandOptions, generalOptions, type OptionName, optionNames } from "../command-options.js";
import { capitalize } from "../fold.js";
import { spellingsWithValue } from "./bash.js";

export function fishCompletion(commands: readonly Command[]): string {
  const own = optionNames.filter((name) => !generalOptions.includes(name));
  const lines = [
    ...generalOptions.map((name) => writeOption(name)),
    ...commands.map(
      ({ name, summary }) => `-n "not __holdfast_seen $commands" -a ${name} -d ${quote(capitalize(summary))}`,
    ),
    ...own.map((name) => writeOption(name, commands)),
    ...commands.flatMap(({ name, completes }) =>
      completes === undefined ? [] : [`-n '__holdfast_seen ${name}' -a ${argumentWords[completes]}`],
    ),
  ];
  return `# fish completion for holdfast(1)

function __holdfast_names
    for socket in /run/holdfast/*/control.sock
        string replace -r '^/run/holdfast/(.*)/control.sock$' '$1' $socket
    end
end

function __holdfast_configs
    for config in /etc/holdfast/*.toml
        string replace -r '^/etc/holdfast/(.*)\\.toml$' '$1' $config
    end
end

# An instance may be called like a command.
function __holdfast_seen
    set -l before
    for word in (commandline -opc)[2..-1]
        contains -- $word $argv; and not contains -- "$before" ${spellingsWithValue.join(" ")}; and return 0
        set before $word
    end
    return 1
end

set -l commands ${commands.map(({ name }) => name).join(" ")}
complete -c holdfast -f
${lines.map((line) => `complete -c holdfast ${line}`).join("\n")}
`;
}

const argumentWords = {
  command: '"$commands"',
  config: "'(__holdfast_configs)'",
  instance: "'(__holdfast_names)'",
} as const;

const values = {
  instance: " -x -a '(__holdfast_names)'",
  file: " -r -F",
  directory: " -x -a '(__fish_complete_directories)'",
} as const;

/** One for every command, or for those that take it. */
function writeOption(name: OptionName, commands?: readonly Command[]): string {
  const { short, value, completes, summary } = commandOptions[name];
  const takers = commands?.filter(({ options }) => options.includes(name)).map((command) => command.name);
  return [
    takers && `-n '__holdfast_seen ${takers.join(" ")}' `,
    short && `-s ${short} `,
    `-l ${name}`,
    value && (completes ? values[completes] : " -x"),
    ` -d ${quote(capitalize(summary))}`,
  ]
    .filter((part) => part !== undefined)
    .join("");
}

function quote(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
