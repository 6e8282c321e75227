import { basename } from "node:path";

/** What starts the program, and is not it. */
const starters = /^(env|nice|ionice|setpriv|dumb-init|tini)$/;
/** They start the app as their child, and stay between it and the daemon. */
export const wrappers: readonly string[] = ["npm", "npx", "yarn", "pnpm", "pnpx", "bunx"];
const shells = /^(ba|da|k|z)?sh$/;
/** What of an argv is the program, behind `env A=1`, `python3 -m` and `bundle exec`, and where its arguments begin. */
export function readProgram(argv: readonly string[]): { readonly program: string; readonly end: number } {
  let at = 0;
  while (starters.test(basename(argv[at] ?? ""))) {
    at += 1;
    while (/^(-|[A-Za-z_]\w*=)/.test(argv[at] ?? "")) at += 1;
  }
  const name = basename(argv[at] ?? "");
  if (/^python[\d.]*$/.test(name) && argv[at + 1] === "-m")
    return { program: argv[at + 2] ?? "", end: at + 3 };
  if (name === "bundle" && argv[at + 1] === "exec")
    return { program: basename(argv[at + 2] ?? ""), end: at + 3 };
  return { program: name, end: at + 1 };
}

export function isWrapper(argv: readonly string[]): boolean {
  return wrappers.includes(readProgram(argv).program);
}

export function isNode(argv: readonly string[]): boolean {
  return /^node(js)?$/.test(readProgram(argv).program);
}

export function isShell(argv: readonly string[]): boolean {
  return shells.test(readProgram(argv).program);
}

/** The file that the program runs: its first argument that is no option; undefined where there is none, as with `sh -c`. */
export function scriptOf(argv: readonly string[]): string | undefined {
  const words = argv.slice(readProgram(argv).end);
  if (isShell(argv) && words.some((word) => /^-[a-z]*c$/.test(word))) return undefined;
  // An option of Node's that has its value in the next word.
  return words.find((word, index) => {
    return !word.startsWith("-") && !/^(--import|--require|-r|--env-file)$/.test(words[index - 1] ?? "");
  });
}

/** What a shell runs by `-c`. */
export function inlineScript(argv: readonly string[]): string | undefined {
  const at = isShell(argv) ? argv.findIndex((word) => /^-[a-z]*c$/.test(word)) : -1;
  return at < 0 ? undefined : argv[at + 1];
}

/** Whether the shell becomes its last command. A single one is run so without being told: by dash and by bash. */
export function endsInExec(script: string): boolean {
  const commands = script
    .split(/\n|;|&&|\|\|/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  return commands.length <= 1 || /^exec\s/.test(commands.at(-1) ?? "");
}

/**
 * The command of a Node app that opens its own port, so that it takes the passed socket; undefined when the app knows of sockets that are
 * passed, or has been told already. `source` is the text of the file that it runs. In a snapshot the library is found by its name.
 */
export function withPreload(argv: readonly string[], source: string): readonly string[] | undefined {
  const { end } = readProgram(argv);
  const told = argv.some((word) => /^(--import|--require|-r)(=|$)/.test(word));
  if (!isNode(argv) || told) return undefined;
  if (!/\.listen\s*\(/.test(source) || /holdfast|LISTEN_FDS|systemd|\bfd\s*:/.test(source)) return undefined;
  return [...argv.slice(0, end), "--import", "holdfast/register", ...argv.slice(end)];
}

/** A check that imports the app, which gunicorn does only after READY=1; undefined where it does so before, or another program runs. */
export function importCheck(argv: readonly string[]): readonly string[] | undefined {
  const { program, end } = readProgram(argv);
  if (program !== "gunicorn" || argv.includes("--preload")) return undefined;
  return [...argv.slice(0, end), "--check-config", ...argv.slice(end)];
}
