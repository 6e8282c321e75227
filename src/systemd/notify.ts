import { createRequire } from "node:module";
import { messageOf } from "../lib/failure.js";
import { loadSdNotify } from "../linux/libsystemd.js";

/** The way to the service manager: sd_notify(3). */
export interface Notifier {
  /**
   * Sends assignments, one a line, each made by {@link notifyAssignment}. Never throws; false when it is known that
   * nothing was sent (sd-notify does not tell, libsystemd does).
   */
  send(state: string): boolean;
}

/** systemd drops a message over PIPE_BUF (4096) bytes; characters are at most three bytes a UTF-16 unit. */
const maxValueLength = 1000;

/** `KEY=value` on one line of bounded length: what cannot stand in a line becomes a space. */
export function notifyAssignment(key: string, value: string | number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  const line = String(value).replace(/[\x00-\x1f\x7f]+/g, " ");
  return `${key}=${line.length > maxValueLength ? `${line.slice(0, maxValueLength)}…` : line}`;
}

/**
 * Undefined when no manager listens (no NOTIFY_SOCKET). `env` is to be the process's own: that is what both libraries read.
 * Goes through sd-notify; where that addon does not load (it is built for one Node release), `onFallback` is told
 * why, once, and the same messages go through libsystemd.
 */
export function openNotifier(
  env: Readonly<Record<string, string | undefined>>,
  onFallback: (why: string) => void = () => {},
): Notifier | undefined {
  if (!env["NOTIFY_SOCKET"]) return undefined;
  const send = choose(onFallback);
  return {
    send(state) {
      try {
        return send(state);
      } catch {
        return false;
      }
    },
  };
}

function choose(onFallback: (why: string) => void): (state: string) => boolean {
  try {
    return loadAddon();
  } catch (error) {
    const why = `sd-notify does not load (${firstLine(error)})`;
    try {
      const notify = loadSdNotify();
      onFallback(`${why}; messages go through libsystemd`);
      return (state) => notify(state) > 0;
    } catch (second) {
      onFallback(`${why}, nor does libsystemd (${firstLine(second)}); systemd is not told anything`);
      return () => false;
    }
  }
}

/** An optional dependency, compiled at installation: so it is required when needed and not imported. */
function loadAddon(): (state: string) => boolean {
  const addon: unknown = createRequire(import.meta.url)("sd-notify");
  if (typeof addon !== "object" || addon === null || !("sendState" in addon)) throw new Error("no sendState");
  const { sendState } = addon;
  if (typeof sendState !== "function") throw new Error("no sendState");
  return (state) => {
    sendState(state);
    return true;
  };
}

function firstLine(error: unknown): string {
  return messageOf(error).split("\n", 1)[0] ?? "";
}
