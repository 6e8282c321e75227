import { setTimeout as pause } from "node:timers/promises";
import * as v from "valibot";
import type { Container } from "../harness/container/container.js";
import type { Service } from "./services.js";
import { Tool } from "./tool.js";

const windowSchema = v.object({
  requests: v.number(),
  lost: v.number(),
  worstMs: v.number(),
  longestGapMs: v.number(),
});

/** What clients have seen in one stretch of time at 500 requests a second. */
export type Window = v.InferOutput<typeof windowSchema>;

export interface Pair {
  readonly without: Window;
  readonly during: Window;
}

export function startProbe(container: Container, { address }: Service): Promise<Tool<Window>> {
  return Tool.start(container, "probe-service", windowSchema, address);
}

/** A window with nothing and one of the same length with `event`, which should fit into it. */
export async function observePair(
  probe: Tool<Window>,
  windowMs: number,
  event: () => Promise<unknown>,
): Promise<Pair> {
  await probe.ask();
  await pause(windowMs);
  const without = await probe.ask();
  await Promise.all([pause(windowMs), event()]);
  return { without, during: await probe.ask() };
}
