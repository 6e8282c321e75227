import { setTimeout as pause } from "node:timers/promises";
import type { Container } from "../harness/container/container.js";
import type { Row } from "./figures.js";
import { HOLDFAST } from "./services.js";

export const IDLE_SECONDS = 40;
/** More than two beats of the watchdog: at the second one at which nothing goes on the daemon gives memory back, and V8 has collected before. */
const SETTLE_SECONDS = 40;
const UPGRADES = 100;
const PRIVATE_GOAL = "at most 14 MB";

export interface Usage {
  /** Times a thread went to sleep and so had been woken. proc_pid_status(5). */
  readonly wakeUps: number;
  /** Time on a CPU, from the scheduler's own account. */
  readonly cpuMs: number;
  readonly residentMb: number;
  /** Of which no other process has any. */
  readonly privateMb: number;
}

/** What the daemon costs while nothing happens, once it has settled. */
export async function measureIdle(container: Container): Promise<Row[]> {
  await container.sh(`systemctl is-active ${HOLDFAST.units}`);
  await pause(SETTLE_SECONDS * 1000);
  const watchdogUs = await container.show(HOLDFAST.units, "WatchdogUSec");
  const { wakeUps, cpuMs, residentMb, privateMb } = await idleFor(container);
  return [
    {
      what: "the idle daemon's memory (RSS)",
      figure: `${residentMb.toFixed(1)} MB`,
      goal: "under 60 MB",
    },
    { what: "  of it private (USS)", figure: `${privateMb.toFixed(1)} MB`, goal: PRIVATE_GOAL },
    {
      what: `its wake-ups in ${IDLE_SECONDS} s, all threads`,
      figure: String(wakeUps),
      goal: `none but the watchdog's (WatchdogSec=${watchdogUs}: about ${Math.round(IDLE_SECONDS / 15)} pings)`,
    },
    { what: `its CPU time in ${IDLE_SECONDS} s`, figure: `${cpuMs.toFixed(1)} ms` },
    {
      what: `its private memory (USS), ${SETTLE_SECONDS} s after ${UPGRADES} upgrades`,
      figure: `${(await usedAfterUpgrades(container)).toFixed(1)} MB`,
      goal: PRIVATE_GOAL,
    },
  ];
}

async function usedAfterUpgrades(container: Container): Promise<number> {
  for (let upgrade = 0; upgrade < UPGRADES; upgrade++)
    await container.sh(`systemctl reload ${HOLDFAST.units}`);
  await pause(SETTLE_SECONDS * 1000);
  return (await readUsage(container, await container.show(HOLDFAST.units, "MainPID"))).privateMb;
}

/** What the daemon uses in `IDLE_SECONDS`, and the memory that it has then. */
export async function idleFor(container: Container): Promise<Usage> {
  const pid = await container.show(HOLDFAST.units, "MainPID");
  const before = await readUsage(container, pid);
  await pause(IDLE_SECONDS * 1000);
  const after = await readUsage(container, pid);
  return { ...after, wakeUps: after.wakeUps - before.wakeUps, cpuMs: after.cpuMs - before.cpuMs };
}

export async function readUsage(container: Container, pid: string): Promise<Usage> {
  const text = await container.sh(
    `cat /proc/${pid}/task/*/status; sed 's/^/schedstat: /' /proc/${pid}/task/*/schedstat; cat /proc/${pid}/smaps_rollup`,
  );
  const numbers = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, number]) => Number(number));
  const sum = (pattern: RegExp) => numbers(pattern).reduce((total, number) => total + number, 0);
  return {
    wakeUps: sum(/^voluntary_ctxt_switches:\s*(\d+)$/gm),
    cpuMs: sum(/^schedstat: (\d+) /gm) / 1e6,
    privateMb: sum(/^Private_(?:Clean|Dirty):\s*(\d+) kB$/gm) / 1024,
    residentMb: (numbers(/^VmRSS:\s*(\d+) kB$/gm)[0] ?? 0) / 1024,
  };
}
