import { type WorkerMessage, workerProtocol } from "../../channel/worker-messages.js";
import type { Event, Slot } from "../../model/event.js";
import { findGeneration, isLive } from "../../model/find.js";
import type { Generation } from "../../model/generation-state.js";
import type { State } from "../../model/state.js";
import { findWorker } from "../../model/turn.js";
import type { NotifyMessage } from "../../process/notify-message.js";
import type { WorkerChannels } from "../../process/worker-channels.js";
import type { TicketSecret } from "./ticket-secret.js";
import type { WorkerReports } from "./worker-reports.js";

/** What a datagram means to the model that was sent for a worker. READY=1 counts where the config waits for it (`ready.when`). */
export function interpretMessage(slot: Slot, message: NotifyMessage, state: State): readonly Event[] {
  const run = findWorker(state, slot)?.run;
  if (run === undefined || !isLive(run)) return [];
  const { pid } = run.process;
  const events: Event[] = [];
  const text = statusText(message);
  if (text !== null) events.push({ type: "worker-status", ...slot, pid, text });
  const rule = findGeneration(state, slot.generation)?.specification.plan.ready.rule;
  if (message.ready && rule?.when === "notify") events.push({ type: "worker-ready", ...slot, pid });
  return events;
}

/** What a native worker's message means to the model; `hello` is answered at once. */
export function takeWorkerMessage(
  slot: Slot,
  message: WorkerMessage,
  state: State,
  channels: WorkerChannels,
  reports: WorkerReports,
  tickets: TicketSecret,
): readonly Event[] {
  const generation = findGeneration(state, slot.generation);
  const run = findWorker(state, slot)?.run;
  if (generation === undefined || run === undefined || !isLive(run)) return [];
  const { pid } = run.process;
  switch (message.type) {
    case "hello": {
      // Whoever replaces a worker of the active generation is needed at once.
      const standby = generation.stage.phase === "candidate" || waitsForState(generation, slot);
      const { slowMs } = generation.specification.plan.judge;
      channels.send(slot, {
        type: "welcome",
        protocol: workerProtocol,
        standby,
        tickets: tickets.text,
        ...(slowMs === null ? {} : { slowMs }),
      });
      return [{ type: "worker-native", ...slot, protocol: Math.min(message.protocol, workerProtocol) }];
    }
    case "ready": {
      const { when } = generation.specification.plan.ready.rule;
      // One that stands by accepts nobody, and could.
      return when === "notify" || when === "accepts" ? [{ type: "worker-ready", ...slot, pid }] : [];
    }
    case "want":
      return [{ type: "listener-wanted", ...slot, request: message.request, address: message.address }];
    case "leaving":
      return [{ type: "worker-leaving", ...slot, pid }];
    case "status":
      return [{ type: "worker-status", ...slot, pid, text: message.text }];
    case "report":
      reports.take({ ...slot, pid }, message.servers);
      // The last word is heard once; of the others there are many, and whoever has asked takes them together.
      return message.query === 0 ? [reports.counted()] : [];
    case "saved":
    case "verdict":
      // The answer to a question that nobody waits for any more.
      return [];
    default:
      return message satisfies never;
  }
}

/** With one writer, whoever takes the place of a worker waits until that one has let go. */
function waitsForState({ specification, workers }: Generation, { index }: Slot): boolean {
  return (
    specification.plan.strategy === "exclusive" && workers.some(({ leaving }) => leaving?.heir === index)
  );
}

function statusText({ status, stopping, reloading, errno }: NotifyMessage): string | null {
  const phase = stopping ? "stopping" : reloading ? "reloading" : null;
  const text = status ?? phase;
  if (errno === null) return text;
  return `${text ?? "failed"} (errno ${errno})`;
}
