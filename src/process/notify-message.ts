import { oneLine } from "../lib/printable.js";

/** What may be said on a worker's NOTIFY_SOCKET (sd_notify(3)); all else is left out: MAINPID and FDSTORE are for the daemon to decide. */
export interface NotifyMessage {
  readonly ready: boolean;
  readonly reloading: boolean;
  readonly stopping: boolean;
  readonly status: string | null;
  readonly errno: number | null;
  /** HOLDFAST_CONNECT=1: a process of the worker wants what was passed to it, on the channel that comes along. docs/worker-protocol.md */
  readonly connect: boolean;
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
    connect: assignments.get("HOLDFAST_CONNECT") === "1",
    errno: errno !== undefined && /^\d{1,6}$/.test(errno) ? Number(errno) : null,
  };
}
