#!/usr/bin/env node
import { mkdirSync, realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ReexecFailure } from "./control/port.js";
import { exitConfig, exitStatusOf } from "./daemon/exit-status.js";
import { FdStore } from "./daemon/fd-store.js";
import { sortInheritance } from "./daemon/inheritance.js";
import { daemonUsage, parseDaemonOptions } from "./daemon/options.js";
import { PidFile } from "./daemon/pid-file.js";
import { Predecessor } from "./daemon/predecessor.js";
import { startService } from "./daemon/service.js";
import { holdSignals } from "./daemon/signals.js";
import { startSuccessor } from "./daemon/successor.js";
import { messageOf } from "./lib/failure.js";
import { bootId, monotonicMs } from "./linux/boot.js";
import { ownUnitName } from "./linux/cgroup.js";
import { Watcher } from "./linux/epoll.js";
import { createMemfd } from "./linux/memfd.js";
import { openLog } from "./log/log.js";
import { StateStore } from "./state/state-store.js";
import type { Effects } from "./supervisor/effects.js";
import { removeFd } from "./systemd/fd-store.js";
import { type InheritedFd, takeListenFds } from "./systemd/listen-fds.js";
import { ManagerLink } from "./systemd/manager-link.js";
import { openNotifier } from "./systemd/notify.js";
import { watchdogIntervalMs } from "./systemd/watchdog.js";

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
  const log = openLog({ file: logFile, journal: env["JOURNAL_STREAM"] !== undefined });
  const give = (status: number, event: string, message: string): never => {
    log.write({ level: "error", event, message });
    process.exit(status);
  };
  const warn = (message: string): void => log.write({ level: "warning", event: "warning", message });

  const inherited = takeListenFds(env, pid);
  if (!inherited.ok) return give(exitConfig, inherited.failure.reason, inherited.failure.message);
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
  const managed = env["NOTIFY_SOCKET"] !== undefined;
  // Set by systemd for the very process it executed: then the cgroup is the unit's, not that of somebody's shell.
  const unit = env["SYSTEMD_EXEC_PID"] === String(pid) ? ownUnitName() : undefined;
  const watcher = new Watcher();
  const pidFile = new PidFile(directories.runtime, warn);
  await serve(inherited.value, null);

  /** Recovers from these fds and the state. Again in the same process, when the daemon that was to replace this one failed. */
  async function serve(fds: readonly InheritedFd[], reexecFailed: ReexecFailure | null): Promise<void> {
    const sorted = sortInheritance(fds, (fdName, problem) => {
      removeFd(fdName);
      warn(problem);
    });
    const inheritance = { ...sorted, handedOver: sorted.handedOver || reexecFailed !== null };
    const tried = inheritance.predecessor !== undefined;
    const link = new ManagerLink(notifier, monotonicMs, tried);
    const fdStore = new FdStore(managed && !tried);
    const memfd = inheritance.state ?? createMemfd("holdfast-state");
    const started = await startService({
      ...options,
      inheritance,
      memfd,
      fdStore,
      store: new StateStore({ name, directory: directories.state, bootId: bootId() ?? "unknown", memfd }),
      watcher,
      log,
      link,
      unit,
      watchdogMs: watchdogIntervalMs(env, pid),
      wrapEffects,
      reexecFailed,
      onExit: (status, state, release) => {
        if (status === "leaving-reexec" && (options.exec || !managed)) {
          void makeWay(release, link);
          return;
        }
        if (status === "stopped" || status === "failed") pidFile.remove();
        process.exit(exitStatusOf(status, state));
      },
    });
    if (!started.ok) return give(1, started.failure.reason, started.failure.message);
    if (inheritance.predecessor === undefined) {
      pidFile.write();
      pidFile.removeOld();
      return;
    }
    const predecessor = new Predecessor(inheritance.predecessor, watcher, () => {
      pidFile.removeOld();
      if (managed) fdStore.manage();
      link.speak();
    });
    pidFile.write();
    predecessor.ready();
  }

  /** Acts no more, and starts the next daemon with all that this one has; if that fails, this one recovers. */
  async function makeWay(release: () => readonly InheritedFd[], link: ManagerLink): Promise<void> {
    const heldSignals = holdSignals();
    const fds = release();
    pidFile.setAside();
    const successor = await startSuccessor({ fds, inUnit: unit !== undefined });
    const signals = heldSignals();
    if (successor.ok) {
      for (const signal of signals) process.kill(successor.value, signal);
      if (managed) link.nameSuccessor(successor.value);
      pidFile.removeOld();
      process.exit(0);
    }
    const { message, reason } = successor.failure;
    log.write({ level: "error", event: reason, message: `${message}; this one goes on` });
    pidFile.putBack();
    await serve(fds, { at: Date.now(), message });
    for (const signal of signals) process.kill(pid, signal);
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await runDaemon(process.argv.slice(2));
}
