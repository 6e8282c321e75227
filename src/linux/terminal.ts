import { isatty } from "node:tty";
import { terminalOf } from "./pidfd.js";

const standardFds = [0, 1, 2];

/** Whether this process was started on a terminal, be it that its output goes elsewhere: ctermid(3), isatty(3). */
export function isOnTerminal(): boolean {
  return standardFds.some((fd) => isatty(fd)) || terminalOf(process.pid) !== undefined;
}
