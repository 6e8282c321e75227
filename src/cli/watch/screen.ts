import { writeSync } from "node:fs";

/** A whole terminal, as long as something is shown live on it. */
export interface Screen {
  /** Shows these lines from the top; what does not fit is not shown. */
  readonly draw: (lines: readonly string[]) => void;
  readonly size: () => { readonly columns: number; readonly rows: number };
  /** Gives the terminal back as it was. */
  readonly leave: () => void;
}

export interface ScreenOptions {
  readonly onKey: (key: string) => void;
  readonly onResize: () => void;
}

// xterm's, which every terminal emulator and console of today has: its second screen, no cursor, and lines that are cut, not wrapped.
const enter = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const back = "\x1b[?7h\x1b[?25h\x1b[?1049l";

/** Takes stdin and stdout, which has to be a terminal. However the process ends, but for SIGKILL, the terminal is given back. */
export function openScreen({ onKey, onResize }: ScreenOptions): Screen {
  const { stdin, stdout } = process;
  let shown = "";
  let over = false;
  const resized = (): void => {
    shown = "";
    onResize();
  };
  const typed = (keys: Buffer): void => {
    for (const key of keys.toString("utf8")) onKey(key);
  };
  const leave = (): void => {
    if (over) return;
    over = true;
    process.off("exit", leave);
    stdout.off("resize", resized);
    stdin.off("data", typed);
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.pause();
    try {
      writeSync(1, back);
    } catch {
      // The terminal has gone.
    }
  };
  process.once("exit", leave);
  stdout.on("resize", resized);
  stdout.write(enter);
  if (stdin.isTTY) {
    stdin.setRawMode(true);
    stdin.on("data", typed);
  }
  const size = () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
  return {
    draw: (lines) => {
      const frame = lines
        .slice(0, size().rows)
        .map((line) => `${line}\x1b[K`)
        .join("\r\n");
      // What has not been read yet would be shown late, and this later still.
      if (over || frame === shown || stdout.writableNeedDrain) return;
      shown = frame;
      stdout.write(`\x1b[H${frame}\x1b[J`);
    },
    size,
    leave,
  };
}
