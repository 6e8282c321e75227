import type { Event } from "../model/event.js";
import { currentJob } from "../systemd/job.js";

export interface SignalOptions {
  readonly unit: string | undefined;
  readonly push: (event: Event) => void;
  readonly upgrade: () => void;
  readonly reexec: () => void;
  readonly reopenLog: () => void;
  readonly report: (message: string) => void;
}

/** Signals only become events. SIGTERM does not say what it is for; the unit's job does. */
export function listenToSignals({ unit, push, upgrade, reexec, reopenLog, report }: SignalOptions): void {
  async function end(signal: string): Promise<void> {
    const job = unit === undefined ? "none" : await currentJob(unit);
    if (job === "unknown")
      report(`${signal}: systemd did not say whether this is a stop or a restart; it is taken for a stop`);
    if (job === "restart") push({ type: "leave-requested", next: "upgrade" });
    else push({ type: "stop-requested", fast: false });
  }
  process.on("SIGTERM", () => void end("SIGTERM"));
  process.on("SIGQUIT", () => void end("SIGQUIT"));
  process.on("SIGINT", () => push({ type: "stop-requested", fast: true }));
  process.on("SIGHUP", upgrade);
  process.on("SIGUSR1", reopenLog);
  process.on("SIGUSR2", reexec);
  process.on("SIGWINCH", () => {
    // A terminal sends it when its window changes size.
    if (!process.stderr.isTTY) push({ type: "drain-requested" });
  });
}
