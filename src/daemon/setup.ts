import type { Failure } from "../lib/failure.js";
import type { Watcher } from "../linux/epoll.js";
import type { Log } from "../log/log.js";
import type { Effects } from "../supervisor/effects.js";
import type { Notifier } from "../systemd/notify.js";
import type { Faults } from "./faults.js";
import type { DaemonOptions } from "./options.js";
import type { PidFile } from "./pid-file.js";

/** What a daemon is started with, the same as long as the process lives. */
export interface Setup extends DaemonOptions {
  readonly watcher: Watcher;
  readonly log: Log;
  /** Undefined where there is no service manager. */
  readonly notifier: Notifier | undefined;
  /** The unit of which this is the main process. */
  readonly unit: string | undefined;
  readonly watchdogMs: number | undefined;
  readonly pidFile: PidFile;
  readonly faults: Faults;
  /** Lets a test stand between the loop and the world. */
  readonly wrapEffects: (effects: Effects) => Effects;
}

export function warn({ log }: Pick<Setup, "log">, message: string): void {
  log.write({ level: "warning", event: "warning", message });
}

export function die({ log }: Pick<Setup, "log">, status: number, { reason, message }: Failure): never {
  log.write({ level: "error", event: reason, message });
  process.exit(status);
}
