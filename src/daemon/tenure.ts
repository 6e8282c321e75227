import { takeoverSocketIn } from "../lib/directories.js";
import { exitConfig } from "../lib/exit-statuses.js";
import type { Failure } from "../lib/failure.js";
import { monotonicMs } from "../linux/boot.js";
import { createMemfd } from "../linux/memfd.js";
import { type Predecessor, predecessorBehind } from "../succession/predecessor.js";
import { TakeoverSocket } from "../succession/takeover-socket.js";
import { removeFd } from "../systemd/fd-store.js";
import { type Beginning, passOn } from "./pass-on.js";
import { watchReplacement } from "./recover/foreign-workers.js";
import { sortInheritance } from "./recover/inheritance.js";
import { KeptFds } from "./recover/kept-fds.js";
import type { Source } from "./recover/restore.js";
import { runService, type TenureEnd } from "./service.js";
import { die, type Setup, warn } from "./setup.js";
import { ManagerLink } from "./show/manager-link.js";

/**
 * The time in which this process is the daemon. It begins with a set of named fds and the state, wherever they come from, and it
 * ends with the process, or by giving both to another one; when that fails, it begins anew with the same.
 */
export async function holdTenure(setup: Setup, first: Beginning): Promise<never> {
  for (let beginning = first; ; ) {
    const end = await serve(setup, beginning);
    beginning = await passOn(setup, end);
  }
}

/** Inherits, restores, and serves until the model has ended. Ends the process when the service cannot be started. */
async function serve(setup: Setup, beginning: Beginning): Promise<TenureEnd> {
  const { watcher, notifier, pidFile } = setup;
  const inheritance = sortInheritance(beginning.fds, (fdName, problem) => {
    removeFd(fdName);
    warn(setup, problem);
  });
  const starter = inheritance.predecessor;
  const predecessor =
    beginning.predecessor ?? (starter === undefined ? undefined : predecessorBehind(starter, watcher));
  const source = sourceOf(beginning, predecessor);
  // Only the main process is listened to: that is still the predecessor where both are in one unit.
  const silent = starter !== undefined;
  const link = new ManagerLink(notifier, monotonicMs, silent);
  const keptFds = new KeptFds(notifier !== undefined && !silent);
  // One that may take everything back must find its own state as it left it.
  const inherited = source === "foreign-daemon" ? undefined : inheritance.state;
  const giveUp = (failure: Failure): never => die(setup, exitConfig, takeoverFailed(failure));

  const served = await runService(setup, {
    inheritance,
    source,
    memfd: inherited ?? createMemfd("holdfast-state"),
    keptFds,
    link,
    takeover: openTakeover(setup),
    reexecFailed: beginning.reexecFailed ?? null,
    heldSignals: beginning.heldSignals,
    signalUnseen: (slot, signal) => predecessor?.signal(slot, signal),
    onPersisted:
      predecessor === undefined || predecessor.keepsWorkers
        ? () => {}
        : watchReplacement(() => predecessor.replaced(), giveUp),
    onServing: () => {
      pidFile.write();
      if (predecessor === undefined) pidFile.removeOld();
      predecessor?.onGone(() => {
        pidFile.removeOld();
        if (!silent) return;
        if (notifier !== undefined) keptFds.manage();
        link.speak();
      });
      predecessor?.ready();
    },
  });
  if (served.ok) return served.value;
  return predecessor === undefined ? die(setup, 1, served.failure) : giveUp(served.failure);
}

function sourceOf({ reexecFailed, faulted }: Beginning, predecessor: Predecessor | undefined): Source {
  if (predecessor?.keepsWorkers === false) return "foreign-daemon";
  return predecessor !== undefined || reexecFailed !== undefined || faulted ? "daemon" : "manager";
}

function openTakeover(setup: Setup): TakeoverSocket | undefined {
  const { name, directories, watcher } = setup;
  const opened = TakeoverSocket.open({
    path: takeoverSocketIn(directories.runtime),
    name,
    serviceUid: process.getuid?.() ?? 0,
    watcher,
    warn: (message) => warn(setup, message),
  });
  if (opened.ok) return opened.value;
  warn(setup, `no other daemon can take over from this one: ${opened.failure.message}`);
  return undefined;
}

/** The predecessor notices, and takes everything back. */
function takeoverFailed({ message }: Failure): Failure {
  return {
    reason: "takeover-failed",
    message: `${message}; the daemon that was to be replaced goes on`,
  };
}
