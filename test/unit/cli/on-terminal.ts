import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Ends } from "../../harness/ends.js";
import { temporaryDirectory } from "../control/rig.js";

const entry = fileURLToPath(new URL("../../../src/cli.js", import.meta.url));

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** The CLI on a terminal of its own. */
export interface OnTerminal {
  /** All that it has written, escape sequences and all. */
  readonly written: () => string;
  readonly type: (keys: string) => void;
  readonly resize: (columns: number, rows: number) => void;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Its exit status. */
  readonly ended: Promise<number | null>;
}

export function startOnTerminal(
  context: Ends,
  args: readonly string[],
  { columns = 80, rows = 24, env = {} }: TerminalOptions = {},
): OnTerminal {
  const directory = temporaryDirectory(context);
  const [tty, pid] = [join(directory, "tty"), join(directory, "pid")];
  const words = [process.execPath, entry, ...args].map((word) => `'${word}'`).join(" ");
  const command = `stty cols ${columns} rows ${rows}; tty > ${tty}; echo $$ > ${pid}; exec ${words}`;
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    env: { PATH: process.env["PATH"] ?? "", TERM: "xterm", SHELL: "/bin/sh", ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  context.after(() => void child.kill("SIGKILL"));
  let written = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    written += text.replaceAll("\r\n", "\n");
  });
  const read = (file: string): string => (existsSync(file) ? readFileSync(file, "utf8").trim() : "");
  return {
    written: () => written,
    type: (keys) => void child.stdin.write(keys),
    resize: (nextColumns, nextRows) =>
      void execFileSync("stty", ["-F", read(tty), "cols", String(nextColumns), "rows", String(nextRows)]),
    kill: (signal) => void process.kill(Number(read(pid)), signal),
    ended: once(child, "close").then(() => child.exitCode),
  };
}

export function withoutColours(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are made of
  return text.replaceAll(/\x1b\[\d+m/g, "");
}

/** The lines that stay, without those that were written over and without colours. */
export function whatStays(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is how a line is taken away
  return withoutColours(text.replaceAll(/[^\n]*\r\x1b\[K/g, ""));
}
