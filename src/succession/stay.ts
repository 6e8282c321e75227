import { setTimeout as pause } from "node:timers/promises";
import { hasEnded, signalPidfd } from "../linux/pidfd.js";
import type { SuccessorMessage } from "./messages.js";
import type { Successor } from "./takeover-socket.js";

const lookMs = 100;

/** Workers by `8.1`, each behind a pidfd. */
export type Pidfds = ReadonlyMap<string, number>;

/** Does for another daemon what only this one can. */
export function signalFor(
  { generation, index, signal }: Extract<SuccessorMessage, { type: "signal" }>,
  pidfds: Pidfds,
): void {
  const pidfd = pidfds.get(`${generation}.${index}`);
  if (pidfd !== undefined) signalPidfd(pidfd, signal);
}

/**
 * Stays until the last of the workers has ended: the container or the unit ends with this process, and they with it. Whoever
 * gave them their orders may be gone; then they have `mostMs`.
 */
export async function stayForWorkers(pidfds: Pidfds, successor: Successor, mostMs: number): Promise<void> {
  // One that cannot be signalled is waited for all the same.
  obey(successor, pidfds).catch(() => {});
  const deadline = performance.now() + mostMs;
  while ([...pidfds.values()].some((pidfd) => !hasEnded(pidfd))) {
    if (performance.now() > deadline) for (const pidfd of pidfds.values()) signalPidfd(pidfd, "SIGKILL");
    await pause(lookMs);
  }
}

async function obey(successor: Successor, pidfds: Pidfds): Promise<void> {
  for (let said = await successor.next(); said !== undefined; said = await successor.next()) {
    if (said.type === "signal") signalFor(said, pidfds);
  }
}
