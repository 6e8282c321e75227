import type { ServerCounters } from "../../channel/worker-messages.js";
import { addCounts, counterNames, gaugeNames } from "../../lib/counters.js";

/** A message has room for as many, with names of listeners as long as they may be. */
const mostServers = 64;
/** No listener is called so. */
const others = "(others)";

/**
 * What a worker tells of its servers, in one message. Of more than fit the first have their own counters, and the others one
 * sum of each kind. As long as servers are only added, no count falls.
 */
export function fitReport(servers: readonly ServerCounters[]): ServerCounters[] {
  const [own, more] = [servers.slice(0, mostServers), servers.slice(mostServers)];
  const sums = new Map<string, ServerCounters>();
  for (const { kind, counters } of more) {
    const sum = sums.get(kind)?.counters;
    const added = sum === undefined ? counters : add(sum, counters);
    sums.set(kind, { listener: others, kind, counters: added });
  }
  return [...own, ...sums.values()];
}

function add(one: ServerCounters["counters"], other: ServerCounters["counters"]): ServerCounters["counters"] {
  const sum = { ...one };
  for (const name of [...counterNames, ...gaugeNames]) sum[name] = addCounts(one[name], other[name]);
  return sum;
}
