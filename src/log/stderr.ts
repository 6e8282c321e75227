import { constants, fstatSync, openSync, writeSync } from "node:fs";
import TransportStream from "winston-transport";
import { formatted, type Line } from "./line.js";

/** Lines on stderr. */
export class StderrTransport extends TransportStream {
  override log(line: Line, next: () => void): void {
    tellStderr(`${line[formatted]}\n`);
    next();
  }
}

/** Null: what this process was started with is used. */
let own: number | null | undefined;

/**
 * Says something on stderr; it is lost when the reader has gone, and when a pipe or a terminal takes nothing at this moment. Workers have the
 * same stderr, and whoever starts them makes it a blocking one: it is opened anew, so that a reader that stands still holds up nobody here.
 */
export function tellStderr(text: string): void {
  if (own === undefined) own = openAnew();
  if (own === null) {
    process.stderr.write(text);
    return;
  }
  try {
    writeSync(own, text);
  } catch {
    // Nobody reads it now.
  }
}

/** Null for a file, which never waits, for a socket, which cannot be opened, and for another user's pipe. proc_pid_fd(5) */
function openAnew(): number | null {
  try {
    const stats = fstatSync(2);
    if (!stats.isFIFO() && !stats.isCharacterDevice()) return null;
    return openSync("/proc/self/fd/2", constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return null;
  }
}
