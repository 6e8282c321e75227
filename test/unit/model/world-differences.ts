import { serviceTotals } from "../../../src/model/counters.js";
import type { World } from "./world.js";

/** Holds what the state knows against what there is. */
export function differences(world: World): string[] {
  const problems: string[] = [];
  const stray = world.beings.find(
    (one) => one.gate === "open" && one.signal !== "kill" && !world.isKnown(one),
  );
  if (stray !== undefined) problems.push(`nobody knows the worker ${JSON.stringify(stray)}`);
  for (const being of world.beings) {
    if (being.asked > 1) problems.push(`worker ${being.generation}.${being.index} is asked twice`);
    if (being.native || !being.unread || being.signal !== "none" || !world.isKnown(being)) continue;
    problems.push(`nobody tells worker ${being.generation}.${being.index} to drain`);
  }
  const total = serviceTotals(world.state).reduce((sum, { requests }) => sum + requests, 0);
  const told = [...world.told.values()].reduce((sum, requests) => sum + requests, 0);
  if (world.told.size > 0 && total !== told)
    problems.push(`${told} requests were told of, ${total} are known`);
  const open = new Set(world.held.map(({ id }) => id));
  for (const { id } of world.state.listeners) {
    if (!open.has(id)) problems.push(`the state holds listener ${id}, which is closed`);
  }
  for (const { id, phase } of world.state.snapshots) {
    if (phase === "ready" && world.directories.get(id) !== "whole") {
      problems.push(`snapshot ${id} is ready, and on disk ${world.directories.get(id)}`);
    }
  }
  for (const id of world.directories.keys()) {
    if (!world.state.snapshots.some((one) => one.id === id)) {
      problems.push(`nobody knows the snapshot ${id} on disk`);
    }
  }
  const known = [...world.state.listeners, ...world.state.closing].map(({ id }) => id);
  for (const { id } of world.held) {
    if (known.length > 0 && !known.includes(id)) problems.push(`listener ${id} is open, and nobody knows it`);
  }
  return problems;
}
