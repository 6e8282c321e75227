import { readdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import type { Config } from "../../config/config.js";
import type { StatusReport } from "../../control/port.js";
import { type Address, formatAddress } from "../../lib/address.js";
import type { DrainSignal } from "../../lib/drain-signals.js";
import { processesIn, unitOf } from "../../linux/cgroup.js";
import { proportionalBytes } from "../../linux/pidfd.js";
import { findOwner } from "../../linux/port-owner.js";
import { leavesToDefault } from "../../linux/signal-mask.js";
import type { SocketUnitFacts, TakenAddress, UnitFacts, WorkerFacts } from "../facts.js";

/** The workers of the active generation whose files can be counted. */
export function gatherWorkers(report: StatusReport | null, signal: DrainSignal): readonly WorkerFacts[] {
  const active = report?.generations.find(({ phase }) => phase === "active");
  return (active?.workers ?? []).flatMap(({ name, pid }) => {
    const openFds = pid === null ? undefined : countFds(pid);
    const maxFds = pid === null ? undefined : fdLimit(pid);
    if (pid === null || openFds === undefined || maxFds === undefined) return [];
    const dies = leavesToDefault(pid, constants.signals[signal]) ?? false;
    return [{ name, openFds, maxFds, diesOf: dies ? signal : null }];
  });
}

/** All processes of the unit but the daemon, as long as they are of one generation: a worker may have children. */
export function gatherGenerationBytes(unit: UnitFacts, report: StatusReport | null): number | null {
  if (report === null || report.generations.length !== 1) return null;
  const pids = processesIn(unit.properties.get("ControlGroup") ?? "").filter((pid) => pid !== report.pid);
  const sizes = pids.map(proportionalBytes).filter((size) => size !== undefined);
  return sizes.length === 0 ? null : sizes.reduce((sum, size) => sum + size, 0);
}

/** Who has an address that a socket unit, or the daemon, is yet to listen on: at its start, or at the next upgrade. */
export function gatherTaken(
  unit: UnitFacts,
  sockets: readonly SocketUnitFacts[],
  config: Config | undefined,
  report: StatusReport | null,
): readonly TakenAddress[] {
  const running = Number(unit.properties.get("MainPID")) > 0;
  const opened = report?.listeners.map(({ address }) => address) ?? [];
  const byUnits = sockets
    .filter(({ active }) => !active)
    .flatMap(({ unit: socketUnit, addresses }) => addresses.map((address) => ({ socketUnit, address })));
  const byDaemon = (running && report === null ? [] : (config?.listeners ?? []))
    .filter(({ name }) => !sockets.some(({ listener }) => listener === name))
    .flatMap(({ address }) => (address === null ? [] : [{ socketUnit: null, address }]))
    .filter(({ address }) => !opened.includes(formatAddress(address)));
  return [...byUnits, ...byDaemon].flatMap(
    ({ socketUnit, address }) => taken(unit, socketUnit, address) ?? [],
  );
}

function taken(unit: UnitFacts, socketUnit: string | null, address: Address): TakenAddress | undefined {
  const owner = findOwner(address);
  if (owner === undefined) return undefined;
  const named = unitOf(owner.pid) ?? null;
  // A daemon that is about to start would take over what a worker of its own has.
  if (socketUnit === null && named === unit.name) return undefined;
  return { address: formatAddress(address), socketUnit, process: owner.name, pid: owner.pid, unit: named };
}

function countFds(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return undefined;
  }
}

/** The soft limit, which is what counts: getrlimit(2) RLIMIT_NOFILE. */
function fdLimit(pid: number): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, "utf8"))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
