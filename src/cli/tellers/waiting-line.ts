import { oneLine } from "../../lib/printable.js";
import { lookOf } from "../print.js";

const everyMs = 500;
const marks = ["|", "/", "-", "\\"] as const;

/** What a person sees of a wait: in one line that is written over. */
export interface WaitingLine {
  /** What is waited for from now on. */
  readonly waitFor: (what: string) => void;
  /** How far that is, in other words. */
  readonly show: (what: string) => void;
  /** Takes the line away, for another that stays, or for good. */
  readonly clear: () => void;
  readonly end: () => void;
}

/** For a terminal: it shows that something still goes on, and for how long already. */
export function startWaitingLine(): WaitingLine {
  const { stdout } = process;
  let what = "";
  let since = performance.now();
  let turns = 0;
  let shown = false;
  const clear = (): void => {
    if (shown) stdout.write("\r\x1b[K");
    shown = false;
  };
  const timer = setInterval(() => {
    const seconds = Math.floor((performance.now() - since) / 1000);
    if (seconds === 0) return;
    const line = `${marks[turns++ % marks.length]} ${seconds} s ${oneLine(what)}`;
    stdout.write(`\r\x1b[K${line.slice(0, lookOf(stdout).width - 1)}`);
    shown = true;
  }, everyMs);
  return {
    waitFor: (next) => {
      clear();
      what = next;
      since = performance.now();
    },
    show: (next) => {
      what = next;
    },
    clear,
    end: () => {
      clearInterval(timer);
      clear();
    },
  };
}
