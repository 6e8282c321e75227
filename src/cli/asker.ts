import { readFileSync } from "node:fs";
import type { HistoryEntry } from "../control/replies.js";

/** Who asked for a generation: a user by name, or what asked in the name of the service's manager; the daemon's judges by themselves. */
export function describeOrigin(origin: HistoryEntry["origin"]): string {
  if (origin === null) return "-";
  const by = origin.asked?.by;
  switch (by?.kind) {
    case "user":
      return nameOf(by.uid);
    case "reload":
      return "reload";
    case "signal":
      return "SIGHUP";
    case undefined:
      return byItself[origin.kind];
    default:
      return by satisfies never;
  }
}

/** What nobody asked the daemon for. */
const byItself = {
  start: "start",
  fallback: "start",
  restart: "restart",
  rollback: "judge",
  upgrade: "-",
} as const;

/** A user of this machine's own; passwd(5). */
function nameOf(uid: number): string {
  const line = users().find((one) => one.split(":")[2] === String(uid));
  return line?.split(":", 1)[0] ?? `uid ${uid}`;
}

function users(): readonly string[] {
  try {
    return readFileSync("/etc/passwd", "utf8").split("\n");
  } catch {
    return [];
  }
}
