import { setTimeout as pause } from "node:timers/promises";
import { hasEnded, signalPidfd } from "../linux/pidfd.js";
import type { TakerMessage } from "./messages.js";
import type { Applicant } from "./takeover-socket.js";

const lookMs = 100;

/** Workers by `8.1`, each behind a pidfd. */
export type Pidfds = ReadonlyMap<string, number>;

/** Does for another daemon what only this one can. */
export function signalFor(
  { generation, index, signal }: Extract<TakerMessage, { type: "signal" }>,
  pidfds: Pidfds,
): void {
  const pidfd = pidfds.get(`${generation}.${index}`);
  if (pidfd !== undefined) signalPidfd(pidfd, signal);
}

/**
 * Stays until the last of the workers has ended: the container or the unit ends with this process, and they with it. Whoever
 * gave them their orders may be gone; then they have `mostMs`.
 */
export async function outlive(pidfds: Pidfds, applicant: Applicant, mostMs: number): Promise<void> {
  void obey(applicant, pidfds);
  const deadline = performance.now() + mostMs;
  while ([...pidfds.values()].some((pidfd) => !hasEnded(pidfd))) {
    if (performance.now() > deadline) for (const pidfd of pidfds.values()) signalPidfd(pidfd, "SIGKILL");
    await pause(lookMs);
  }
}

async function obey(applicant: Applicant, pidfds: Pidfds): Promise<void> {
  for (let said = await applicant.next(); said !== undefined; said = await applicant.next()) {
    if (said.type === "signal") signalFor(said, pidfds);
  }
}
