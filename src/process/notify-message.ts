import { oneLine } from "../lib/printable.js";

/** What a worker may say on its NOTIFY_SOCKET (sd_notify(3)); all else in a datagram is left out. */
export interface NotifyMessage {
  readonly ready: boolean;
  readonly reloading: boolean;
  readonly stopping: boolean;
  readonly status: string | null;
  readonly errno: number | null;
  /** The worker asked for another main process; the daemon decides that, so it is refused. */
  readonly mainPid: boolean;
}

const longest = 4096;
const statusLongest = 200;
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Undefined for what is no sd_notify(3) message: too long, not UTF-8, a line without `=`. */
export function parseNotifyMessage(bytes: Buffer): NotifyMessage | undefined {
  if (bytes.length === 0 || bytes.length > longest) return undefined;
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return undefined;
  }
  const assignments = new Map<string, string>();
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const at = line.indexOf("=");
    if (at < 1) return undefined;
    assignments.set(line.slice(0, at), line.slice(at + 1));
  }
  const status = assignments.get("STATUS");
  const errno = assignments.get("ERRNO");
  return {
    ready: assignments.get("READY") === "1",
    reloading: assignments.get("RELOADING") === "1",
    stopping: assignments.get("STOPPING") === "1",
    status: status === undefined ? null : oneLine(status).slice(0, statusLongest),
    errno: errno !== undefined && /^\d{1,6}$/.test(errno) ? Number(errno) : null,
    mainPid: assignments.has("MAINPID"),
  };
}
