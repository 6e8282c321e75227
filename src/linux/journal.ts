import { fstatSync } from "node:fs";
import { closeFd } from "./fd.js";
import { maxMessageBytes, sendMessage } from "./message.js";
import { AF_UNIX } from "./socket-address.js";
import { openSocket, SOCK_DGRAM } from "./socket-calls.js";
import { connectUnix } from "./unix-path.js";

const journalSocket = "/run/systemd/journal/socket";

/** Whether stderr goes to the journal: `$JOURNAL_STREAM` names its device and inode. systemd.exec(5). */
export function isStderrJournal(env: Readonly<NodeJS.ProcessEnv>): boolean {
  return env["JOURNAL_STREAM"] === streamOf(2);
}

/** What `$JOURNAL_STREAM` would be for an fd that is a stream to the journal. */
export function streamOf(fd: number): string {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return `${dev}:${ino}`;
}

/**
 * Gives journald one entry, encoded as it wants it. Never waits and never throws; false when it was not taken: no
 * journald, its queue is full, or the entry is too long for a datagram.
 */
export function sendToJournal(entry: Uint8Array, path = journalSocket): boolean {
  if (entry.length > maxMessageBytes) return false;
  const fd = openSocket(AF_UNIX, SOCK_DGRAM);
  if (fd < 0) return false;
  try {
    return connectUnix(fd, path) === 0 && sendMessage(fd, entry, []) === entry.length;
  } finally {
    closeFd(fd);
  }
}
