import { temporaryBaseOf } from "../lib/directories.js";
import { exitConfig } from "../lib/exit-statuses.js";
import { messageOf } from "../lib/failure.js";
import { ownUnitName } from "../linux/cgroup.js";
import { Watcher } from "../linux/epoll.js";
import { keepFdsFromChildren } from "../linux/fd.js";
import { isStderrJournal, sendToJournal } from "../linux/journal.js";
import { reviveOwnStreams } from "../linux/journal-stream.js";
import { reapOrphans } from "../linux/orphans.js";
import { makeOwnFolder, makePassable } from "../linux/own-folder.js";
import { openLog } from "../log/log.js";
import { takeOver } from "../succession/take-over.js";
import type { Effects } from "../supervisor/effects.js";
import { takeListenFds } from "../systemd/listen-fds.js";
import { openNotifier } from "../systemd/notify.js";
import { watchdogIntervalMs } from "../systemd/watchdog.js";
import { Faults } from "./faults.js";
import { daemonUsage, parseDaemonOptions } from "./options.js";
import { PidFile } from "./pid-file.js";
import { stateFdName } from "./recover/fd-names.js";
import { die, type Setup, warn } from "./setup.js";
import { holdTenure } from "./tenure.js";
import { saveMemory } from "./thrift.js";

/**
 * Runs holdfastd in this process: it recovers what the last daemon left and serves until it exits the process.
 * `wrapEffects` lets a test stand between the loop and the world.
 */
export async function runDaemon(
  argv: readonly string[],
  wrapEffects: (effects: Effects) => Effects = (effects) => effects,
): Promise<void> {
  const { env, pid } = process;
  if (argv.some((word) => word === "--help" || word === "-h")) {
    process.stdout.write(`${daemonUsage}\n`);
    return;
  }
  const parsed = parseDaemonOptions(argv, env);
  if (!parsed.ok) {
    process.stderr.write(`holdfastd: ${parsed.failure.message}\n${daemonUsage}\n`);
    process.exit(2);
  }
  const options = parsed.value;
  const { name, directories, logFile } = options;
  const log = openLog({ file: logFile, journal: isStderrJournal(env) ? tellJournal : undefined });

  saveMemory();
  keepFdsFromChildren();
  if (pid === 1) reapOrphans();
  const inherited = takeListenFds(env, pid);
  if (!inherited.ok) return die({ log }, exitConfig, inherited.failure);
  for (const directory of [directories.runtime, directories.state]) {
    const base = temporaryBaseOf(directory);
    const own = base === undefined ? undefined : makeOwnFolder(base);
    if (own?.ok === false) return die({ log }, exitConfig, own.failure);
  }
  try {
    makePassable(directories.runtime);
  } catch (error) {
    const message = `cannot make the runtime directory ${directories.runtime}: ${messageOf(error)}`;
    return die({ log }, 1, { reason: "runtime-dir", message });
  }
  try {
    makePassable(directories.state);
  } catch {
    // Whoever writes the state says what is wrong.
  }
  const notifier = openNotifier(env, (why) => {
    log.write({
      level: "info",
      event: "sd-notify-fallback",
      message: `sd-notify cannot be loaded, so libsystemd is used: ${why}`,
    });
  });
  // Set by systemd for the very process it executed: then the cgroup is the unit's, not that of somebody's shell.
  const unit = env["SYSTEMD_EXEC_PID"] === String(pid) ? ownUnitName() : undefined;
  const watcher = new Watcher();
  const setup: Setup = {
    ...options,
    watcher,
    log,
    notifier,
    unit,
    watchdogMs: watchdogIntervalMs(env, pid),
    pidFile: new PidFile(directories.runtime, (message) => warn({ log }, message)),
    faults: new Faults(log),
    wrapEffects,
  };
  const given = inherited.value;
  // Afterwards this daemon has a state of its own, and there is nobody to take over from.
  if (options.takeover === undefined || given.some(({ name: fdName }) => fdName === stateFdName)) {
    return holdTenure(setup, { fds: given });
  }
  const taken = await takeOver(options.takeover, name, watcher);
  if (!taken.ok) return die(setup, exitConfig, taken.failure);
  if (taken.value === undefined)
    warn(setup, `nobody listens at ${options.takeover}: there is nothing to take over`);
  const { fds = [], predecessor } = taken.value ?? {};
  return holdTenure(setup, { fds: [...given, ...fds], predecessor });
}

/** What else comes on stderr, as the last words of a crash, finds its way after a restart of journald with its sockets, too. */
function tellJournal(entry: Buffer): boolean {
  reviveOwnStreams(process.env, "holdfastd");
  return sendToJournal(entry);
}
