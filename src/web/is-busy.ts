import type { InstanceView } from "./feed.js";

/** A phase that lasts longer is one of waiting. */
const liveMs = 30_000;

/** Whether an upgrade is under way in which something can be seen from one moment to the next. */
export function isBusy({ status }: InstanceView, now: number): boolean {
  if (status === null) return false;
  return status.accounts.some(({ startedAt, phases }) =>
    phases.some(({ afterMs, tookMs }) => tookMs === null && now - startedAt - afterMs < liveMs),
  );
}
