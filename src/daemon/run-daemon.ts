import { mkdirSync } from "node:fs";
import { messageOf } from "../lib/failure.js";
import { bootId, monotonicMs } from "../linux/boot.js";
import { ownUnitName } from "../linux/cgroup.js";
import { Watcher } from "../linux/epoll.js";
import { keepFdsFromChildren } from "../linux/fd.js";
import { isStderrJournal, sendToJournal } from "../linux/journal.js";
import { createMemfd } from "../linux/memfd.js";
import { openLog } from "../log/log.js";
import { StateStore } from "../state/state-store.js";
import type { Effects } from "../supervisor/effects.js";
import { removeFd } from "../systemd/fd-store.js";
import { takeListenFds } from "../systemd/listen-fds.js";
import { ManagerLink } from "../systemd/manager-link.js";
import { openNotifier } from "../systemd/notify.js";
import { watchdogIntervalMs } from "../systemd/watchdog.js";
import { exitConfig } from "./exit-status.js";
import { sortInheritance } from "./inheritance.js";
import { daemonUsage, parseDaemonOptions } from "./options.js";
import { startService } from "./service.js";

/**
 * Runs holdfastd in this process: it recovers what the last daemon left and serves until it exits the process.
 * `wrapEffects` lets a test stand between the loop and the world.
 */
export async function runDaemon(
  argv: readonly string[],
  wrapEffects: (effects: Effects) => Effects = (effects) => effects,
): Promise<void> {
  const { env, pid } = process;
  const parsed = parseDaemonOptions(argv, env);
  if (!parsed.ok) {
    process.stderr.write(`holdfastd: ${parsed.failure.message}\n${daemonUsage}\n`);
    process.exit(2);
  }
  const options = parsed.value;
  const { name, directories, logFile } = options;
  const log = openLog({ file: logFile, journal: isStderrJournal(env) ? sendToJournal : undefined });
  const give = (status: number, event: string, message: string): never => {
    log.write({ level: "error", event, message });
    process.exit(status);
  };
  const warn = (message: string): void => log.write({ level: "warning", event: "warning", message });

  keepFdsFromChildren();
  const inherited = takeListenFds(env, pid);
  if (!inherited.ok) return give(exitConfig, inherited.failure.reason, inherited.failure.message);
  const inheritance = sortInheritance(inherited.value, (fdName, problem) => {
    removeFd(fdName);
    warn(problem);
  });
  try {
    mkdirSync(directories.runtime, { recursive: true, mode: 0o700 });
  } catch (error) {
    return give(
      1,
      "runtime-dir",
      `cannot make the runtime directory ${directories.runtime}: ${messageOf(error)}`,
    );
  }
  const notifier = openNotifier(env, (why) => {
    log.write({
      level: "info",
      event: "sd-notify-fallback",
      message: `sd-notify cannot be loaded, so libsystemd is used: ${why}`,
    });
  });
  const memfd = inheritance.state ?? createMemfd("holdfast-state");
  const started = await startService({
    ...options,
    inheritance,
    memfd,
    store: new StateStore({ name, directory: directories.state, bootId: bootId() ?? "unknown", memfd }),
    watcher: new Watcher(),
    log,
    link: new ManagerLink(notifier, monotonicMs),
    managed: env["NOTIFY_SOCKET"] !== undefined,
    // Set by systemd for the very process it executed: then the cgroup is the unit's, not that of somebody's shell.
    unit: env["SYSTEMD_EXEC_PID"] === String(pid) ? ownUnitName() : undefined,
    watchdogMs: watchdogIntervalMs(env, pid),
    wrapEffects,
  });
  if (!started.ok) give(1, started.failure.reason, started.failure.message);
}
