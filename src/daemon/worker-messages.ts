import type { Event, Slot } from "../model/event.js";
import { findGeneration, type State } from "../model/state.js";
import type { NotifyMessage } from "../process/notify-message.js";

/** What a worker's datagram means to the model. READY=1 counts where the config waits for it (`ready.when`). */
export function interpretMessage(
  slot: Slot,
  pid: number,
  message: NotifyMessage,
  state: State,
): readonly Event[] {
  const events: Event[] = [];
  const text = statusText(message);
  if (text !== null) events.push({ type: "worker-status", ...slot, pid, text });
  const rule = findGeneration(state, slot.generation)?.specification.plan.ready.rule;
  if (message.ready && rule?.when === "notify") events.push({ type: "worker-ready", ...slot, pid });
  return events;
}

function statusText({ status, stopping, reloading, errno }: NotifyMessage): string | null {
  const phase = stopping ? "stopping" : reloading ? "reloading" : null;
  const text = status ?? phase;
  if (errno === null) return text;
  return `${text ?? "failed"} (errno ${errno})`;
}
