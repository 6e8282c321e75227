import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as v from "valibot";
import { ownCgroup } from "../linux/cgroup.js";

/** What systemd is doing with a unit; `none` when nothing, `unknown` when it could not be asked. */
export type Job = "start" | "stop" | "restart" | "reload" | "other" | "none" | "unknown";

const timeoutMs = 2000;
const run = promisify(execFile);

/** `a(usssoo)`: id, unit, type, state, and two object paths. org.freedesktop.systemd1(5) ListJobs. */
const reply = v.object({
  data: v.tuple([v.array(v.tuple([v.number(), v.string(), v.string(), v.string(), v.string(), v.string()]))]),
});

/** Asks for the unit's current job, for at most two seconds. Never throws. */
export async function currentJob(unit: string): Promise<Job> {
  try {
    const { stdout } = await run("busctl", [...managerScope(), "--json=short", "call", ...listJobs], {
      timeout: timeoutMs,
      // With NOTIFY_SOCKET in sight busctl would report its own failure as the service's.
      env: { ...process.env, NOTIFY_SOCKET: undefined },
      killSignal: "SIGKILL",
    });
    return readJob(stdout, unit);
  } catch {
    return "unknown";
  }
}

/** The unit's job in what busctl printed. */
export function readJob(json: string, unit: string): Job {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), reply), json);
  if (!parsed.success) return "unknown";
  const type = parsed.output.data[0].find(([, name]) => name === unit)?.[2];
  switch (type) {
    case undefined:
      return "none";
    case "start":
    case "stop":
    case "restart":
    case "reload":
      return type;
    case "try-restart":
      return "restart";
    default:
      return "other";
  }
}

const listJobs = [
  "org.freedesktop.systemd1",
  "/org/freedesktop/systemd1",
  "org.freedesktop.systemd1.Manager",
  "ListJobs",
];

/** A service of a user manager must ask that one. */
export function managerScope(): string[] {
  return /\/user@\d+\.service\//.test(ownCgroup() ?? "") ? ["--user"] : [];
}
