import type { FailureOf } from "../../lib/failure.js";
import { connectTo } from "../../linux/connect-to.js";
import type { HeldListeners } from "../../listeners/held-listeners.js";
import type { Slot } from "../../model/event.js";
import type { Plan } from "../../model/plan.js";
import type { Listener } from "../../model/state.js";
import { nameWorker } from "../../model/turn.js";
import { askProbe, type Purpose } from "./probe-request.js";

export type Verify = NonNullable<Plan["verify"]>;

/** Asks at the listener that only this generation has; which of its workers answers is not known. */
export async function verifyPlain(
  slot: Slot,
  own: Listener | undefined,
  { http: path, status, timeoutMs }: Verify,
  listeners: HeldListeners,
): Promise<FailureOf<"daemon/perform"> | null> {
  const fd = own === undefined ? undefined : listeners.fdOf(own.id);
  if (own === undefined || fd === undefined) {
    return refuse(`${howToAsk(slot)}; for others there are \`check\` and \`ready.command\``);
  }
  const answer = (await askListener(fd, path, AbortSignal.timeout(timeoutMs))) ?? "no connection";
  if (answer === status) return null;
  const what = typeof answer === "number" ? `status ${answer}` : answer;
  return refuse(`GET ${path} at the listener ${own.name} was answered with ${what}, not status ${status}`);
}

/** The status, or what came instead, from whoever accepts there; undefined when no connection can be made. */
export async function askListener(
  fd: number,
  path: string,
  signal: AbortSignal,
  purpose: Purpose = "verify",
): Promise<number | string | undefined> {
  const connected = connectTo(fd);
  return connected.ok ? askProbe(connected.value, "http/1.1", path, signal, purpose) : undefined;
}

/** Of a plain worker without a listener that is its generation's own. */
export function howToAsk(slot: Slot): string {
  const why = "which cannot be asked without a listener that is its generation's own";
  const remedy =
    'an app that accepts from each socket it is passed gets one by [listeners.probe] with address = "127.0.0.1:0"';
  return `worker ${nameWorker(slot)} is a plain one, ${why}: ${remedy}`;
}

export function refuse(why: string): FailureOf<"daemon/perform"> {
  return { reason: "verify-failed", message: `the verification failed: ${why}` };
}
