import { setTimeout as pause } from "node:timers/promises";
import { monotonicMs } from "../../../src/linux/boot.js";
import type { Container } from "../../harness/container/container.js";
import { HarnessError } from "../../harness/harness-error.js";
import { Delay } from "../../harness/service/delay.js";
import { Tool } from "../tool.js";
import { Processes } from "./processes.js";
import type { Upgrade } from "./read-visit.js";
import { DRAIN_SECONDS, type System } from "./system.js";
import { VISITORS, type Visit, visitSchema } from "./visit.js";

const BEFORE_MS = 1500;
/** Seen of every system at least, so that the timelines can be laid side by side. */
const AFTER_MS = 3000;
const OLD_MS = (DRAIN_SECONDS + 2) * 1000;
const THEN_MS = 200;

export interface Observed {
  readonly system: System;
  readonly visit: Visit;
  readonly upgrade: Upgrade;
  readonly memoryBeforeMb: number;
  readonly memoryPeakMb: number;
}

/**
 * One system with its visitors over one upgrade, until its old processes are gone or should have been. What the visitors send
 * and hear takes `delayMs` each way.
 */
export async function observeUpgrade(
  container: Container,
  system: System,
  delayMs: number,
): Promise<Observed> {
  await using line = delayMs === 0 ? null : await Delay.start({ container, port: system.port }, delayMs);
  const address = line?.address ?? `127.0.0.1:${system.port}`;
  const webSockets = String(system.talks ? VISITORS.webSockets : 0);
  await using visitors = await Tool.start(container, "compare/visitors", visitSchema, address, webSockets);
  await pause(BEFORE_MS);
  await using processes = await Processes.watch(container, system);
  const beganAtMs = monotonicMs();
  await system.upgrade(container);
  const passed = (ms: number) => monotonicMs() - beganAtMs > ms;
  while (!passed(OLD_MS) && !(passed(AFTER_MS) && processes.oldOnes.what !== "there")) await pause(THEN_MS);
  const { oldOnes: old, memoryBeforeMb, memoryPeakMb } = processes;
  const visit = await visitors.ask();
  const [before] = visit.lost.filter(([atMs]) => atMs < beganAtMs);
  if (before !== undefined)
    throw new HarnessError(
      "lost-before",
      `cannot measure: it loses requests without an upgrade: ${before[1]}`,
    );
  return { system, visit, upgrade: { beganAtMs, old }, memoryBeforeMb, memoryPeakMb };
}
