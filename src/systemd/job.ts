import * as v from "valibot";
import { askManager } from "./ask-manager.js";

/** What systemd is doing with a unit; `none` when nothing, `unknown` when it could not be asked. */
export type Job = "start" | "stop" | "restart" | "reload" | "other" | "none" | "unknown";

/** `a(usssoo)`: id, unit, type, state, and two object paths. org.freedesktop.systemd1(5) ListJobs. */
const reply = v.object({
  data: v.tuple([v.array(v.tuple([v.number(), v.string(), v.string(), v.string(), v.string(), v.string()]))]),
});

/** Asks for the unit's current job, for at most two seconds. Never throws. */
export async function currentJob(unit: string): Promise<Job> {
  const job = await askManager("busctl", ["--json=short", "call", ...listJobs], (json) => {
    const read = readJob(json, unit);
    return read === "unknown" ? undefined : read;
  });
  return job ?? "unknown";
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
