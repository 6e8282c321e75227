import assert from "node:assert/strict";
import { countLost, type LoadReport } from "../load/report.js";
import { type Load, startLoad } from "../load/start-load.js";
import type { Fleet } from "./fleet.js";
import type { FleetHost } from "./host.js";

const REQUEST = { keepAlive: 2, freshPerSecond: 25, slow: 0, durationMs: 600_000 };
/** Good responses before and after the event. */
const ENOUGH = 5;

/** Runs `event` while clients that never retry ask each of these hosts. Returns their reports in the order of the hosts. */
async function underLoad(
  fleet: Fleet,
  hosts: readonly FleetHost[],
  event: () => Promise<unknown>,
): Promise<LoadReport[]> {
  const loads = await startAll(fleet, hosts);
  try {
    await Promise.all(loads.map((load) => load.waitForMore(ENOUGH)));
    await event();
    await Promise.all(loads.map((load) => load.waitForMore(ENOUGH)));
    return await Promise.all(loads.map((load) => load.stop()));
  } finally {
    await Promise.all(loads.map((load) => load[Symbol.asyncDispose]()));
  }
}

async function startAll({ controller }: Fleet, hosts: readonly FleetHost[]): Promise<Load[]> {
  const started = await Promise.allSettled(
    hosts.map(({ address }) => startLoad(controller, { ...REQUEST, address })),
  );
  const loads = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const failed = started.find((one) => one.status === "rejected");
  if (failed === undefined) return loads;
  await Promise.all(loads.map((load) => load[Symbol.asyncDispose]()));
  throw failed.reason;
}

/** On none of these hosts, all unless some are named, a request was lost or a kept connection closed. */
export async function losesNothing(
  fleet: Fleet,
  event: () => Promise<unknown>,
  hosts: readonly FleetHost[] = fleet.hosts,
): Promise<LoadReport[]> {
  const reports = await underLoad(fleet, hosts, event);
  for (const report of reports) {
    assert.equal(countLost(report) + report.idleClosed, 0, JSON.stringify(report));
  }
  return reports;
}

/** The same where a version was bad before it was left: each request has an answer, and some of those may be its errors. */
export async function answersEverything(
  fleet: Fleet,
  event: () => Promise<unknown>,
  hosts: readonly FleetHost[] = fleet.hosts,
): Promise<LoadReport[]> {
  const reports = await underLoad(fleet, hosts, event);
  for (const report of reports) {
    assert.equal(countLost(report) - report.bad, 0, JSON.stringify(report));
    assert.ok(
      report.losses.every((loss) => loss.endsWith("bad: status 500")),
      JSON.stringify(report),
    );
  }
  return reports;
}
