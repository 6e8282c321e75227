import { exitConfig } from "../lib/exit-statuses.js";
import type { Job } from "../systemd/job.js";

export interface AfterStop {
  /** The unit's job while ExecStopPost= runs. */
  readonly job: Job;
  /** systemd.exec(5): the exit status of the main process. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface ReapDecision {
  readonly act: boolean;
  readonly why: string;
}

/**
 * Whether workers that are left are to be ended: only if nothing will come to adopt them. Without a job the daemon
 * has gone by itself, and Restart= brings it back unless its exit status said not to.
 */
export function decideReap({ job, env }: AfterStop): ReapDecision {
  switch (job) {
    case "stop":
      return { act: true, why: "the service is being stopped" };
    case "start":
    case "restart":
      return { act: false, why: `the next daemon adopts them (job: ${job})` };
    case "none":
    case "unknown":
    case "reload":
    case "other":
      return env["EXIT_STATUS"] === String(exitConfig)
        ? { act: true, why: `the daemon exited with status ${exitConfig} and is not started again` }
        : { act: false, why: "systemd starts the daemon again, which adopts them" };
    default:
      return job satisfies never;
  }
}
