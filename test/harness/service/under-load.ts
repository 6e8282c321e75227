import assert from "node:assert/strict";
import { countLost, type LoadReport } from "../load/report.js";
import { type Load, type LoadRequest, startLoad } from "../load/start-load.js";
import type { WebService } from "./web-service.js";

/** Good responses of each kind of request before and after the event: slow ones bound the time, about half a second. */
const ENOUGH = 2;
const SLOW_MS = 300;

/** What can be asked: a service of a container. */
export type Asked = Pick<WebService, "container" | "address">;

/** Runs `event` while clients that never retry ask the service, and sees to it that they lose nothing. */
export async function losesNothing(
  web: Asked,
  event: (load: Load) => Promise<unknown>,
  request: Partial<LoadRequest> = {},
): Promise<LoadReport> {
  const report = await underLoad(web, event, request);
  assertNothingLost(report);
  return report;
}

/** The same for events that cut what is in flight; what was lost is for the caller to judge. */
export async function underLoad(
  web: Asked,
  event: (load: Load) => Promise<unknown>,
  request: Partial<LoadRequest> = {},
): Promise<LoadReport> {
  await using load = await startLoad(web.container, { address: web.address, slowMs: SLOW_MS, ...request });
  await load.waitForMore(ENOUGH);
  await event(load);
  await load.waitForMore(ENOUGH);
  return await load.stop();
}

/** No request was lost, and no connection that was promised to be kept alive was closed. */
export function assertNothingLost(report: LoadReport): void {
  assert.equal(countLost(report), 0, JSON.stringify(report));
  assert.equal(report.idleClosed, 0, JSON.stringify(report));
}

/** Connections were cut, but nobody was turned away: every new one was accepted by somebody. */
export function assertNobodyRefused(report: LoadReport): void {
  assert.equal(report.refused + report.bad + report.timedOut, 0, JSON.stringify(report));
}

/** Nothing was lost, and whoever kept a connection has it still. */
export function assertNothingReopened(report: LoadReport, kept: number): void {
  assertNothingLost(report);
  const { fresh, slow } = report.kinds;
  assert.equal(report.connections, kept + fresh.requests + slow.requests, JSON.stringify(report));
}
