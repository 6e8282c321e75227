import { errorCode } from "../lib/failure.js";
import { ownUnitName } from "../linux/cgroup.js";
import type { End } from "./command.js";
import { isAway, pause } from "./patience.js";

const lookMs = 100;

export interface MainProcessWatch {
  /** Aborts when the unit has no main process any more. */
  readonly gone: AbortSignal;
  readonly end: () => void;
}

/** systemd sets MAINPID for ExecReload= and the like: systemd.exec(5). */
export function isReloadCommand(): boolean {
  return process.env["MAINPID"] !== undefined;
}

/**
 * Ends the reload whose command this is where the daemon may have died in it. Its last word may have been RELOADING=1, and systemd would wait for the
 * READY=1 of a dead process, as long as TimeoutStartSec= says, instead of starting the next one. To a living daemon it is one READY=1 too many. That a daemon
 * has died is seen by a broken connection before it is seen by its pid.
 */
export async function endReload(end: End | undefined): Promise<void> {
  if (!isReloadCommand()) return;
  const lost =
    end === undefined || (!end.ok && (isAway(end.failure) || end.failure.reason === "daemon-gone"));
  if (!lost && isAlive(Number(process.env["MAINPID"]))) return;
  const { openNotifier } = await import("../systemd/notify.js");
  openNotifier(process.env)?.send("READY=1");
}

/**
 * Watches the main process of the unit that this command reloads. Until ExecReload= has ended systemd starts no daemon in the place of one
 * that has died. One that makes way meanwhile starts the next one itself, and names it the main process: MAINPID= of sd_notify(3).
 */
export function watchMainProcess(): MainProcessWatch {
  const gone = new AbortController();
  const ended = new AbortController();
  const watch = async (): Promise<void> => {
    let main: number | undefined = Number(process.env["MAINPID"]);
    while (main !== undefined && !ended.signal.aborted) {
      if (isAlive(main)) await pause(lookMs, ended.signal);
      else main = await findMainProcess();
    }
    if (!ended.signal.aborted) gone.abort();
  };
  // Where nobody can tell, nobody comes.
  watch().catch(() => gone.abort());
  return { gone: gone.signal, end: () => ended.abort() };
}

async function findMainProcess(): Promise<number | undefined> {
  const unit = ownUnitName();
  if (unit === undefined) return undefined;
  const { showUnits } = await import("../systemd/show-units.js");
  const pid = Number((await showUnits([unit], ["MainPID"]))?.[0]?.get("MainPID"));
  return pid > 0 && isAlive(pid) ? pid : undefined;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Another user's lives.
    return errorCode(error) === "EPERM";
  }
}
