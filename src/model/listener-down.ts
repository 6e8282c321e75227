import type { ModelFailure } from "./failure.js";
import type { Listener, State } from "./state.js";
import { act, announce, liveWorkers, nameWorker, type Turn } from "./turn.js";

/**
 * shutdown(2) on a listening socket ends it for all processes that share it, as some servers do at SIGTERM. Which one it was the kernel
 * does not tell; of those that have it, those that were told to go are the likeliest.
 */
export function listenerDown(turn: Turn, id: number): void {
  const listener = turn.state.listeners.find((one) => one.id === id);
  if (listener === undefined) return;
  const { name, address } = listener;
  const message = `listener ${name} (${address}) was shut down, for all that share it, by ${suspects(turn.state, id)}: no process may call shutdown(2) on it, close(2) is enough`;
  announce(turn, "error", "listener-down", message);
  act(turn, { type: "revive-listener", listener });
}

export function listenerRevived(turn: Turn, id: number, failure: ModelFailure | null): void {
  const listener = turn.state.listeners.find((one) => one.id === id);
  if (listener === undefined) return;
  if (failure === null) {
    const message = `listener ${listener.name} listens again; connections that nobody had accepted were reset`;
    announce(turn, "warning", "listener-revived", message);
    return;
  }
  const message = `clients are refused at listener ${listener.name}: ${failure.message}; ${wayOut(listener)}`;
  announce(turn, "error", "listener-down", message);
}

/** How a listener that is down for good can be had again. */
export function wayOut({ origin }: Pick<Listener, "origin">): string {
  return origin === "unit"
    ? "restart its socket unit together with the service"
    : "`holdfast upgrade` opens it anew";
}

function suspects({ generations }: State, id: number): string {
  const users = generations.filter(({ listeners }) => listeners.includes(id));
  const going = users.filter(({ stage }) => stage.phase === "draining").flatMap(liveWorkers);
  const workers = going.length > 0 ? going : users.flatMap(liveWorkers);
  if (workers.length === 0) return "a process that has ended";
  const names = workers.map(nameWorker).join(", ");
  const drains = going.length > 0 ? (going.length === 1 ? ", which drains" : ", which drain") : "";
  return workers.length === 1 ? `worker ${names}${drains}` : `one of the workers ${names}${drains}`;
}
