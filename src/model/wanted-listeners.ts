import { fail, succeed } from "../lib/failure.js";
import type { Event, ListenerWish } from "./event.js";
import type { ModelFailure } from "./failure.js";
import { findGeneration } from "./find.js";
import type { Generation } from "./generation-state.js";
import type { Listener } from "./state.js";
import { act, announce, nameWorker, type Turn, update, updateGeneration } from "./turn.js";

/** No app listens at so many addresses that it did not have at its begin; each is held for good. */
const mostUndeclared = 64;

/**
 * An app listens where its config says nothing (metrics, health). If it bound the address itself, the next generation could not: so the
 * daemon opens it, as it does with those of the config, and each generation that listens there has it.
 */
export function listenerWanted(turn: Turn, wish: ListenerWish): void {
  const generation = findGeneration(turn.state, wish.generation);
  if (generation === undefined) return;
  const held = findHeld(turn, wish);
  if (held !== undefined) use(turn, generation, held, wish);
  else if (generation.stage.phase === "draining")
    refuse(turn, wish, { reason: "drained", message: "this worker drains" });
  else if (turn.state.listeners.filter(({ origin }) => origin === "app").length >= mostUndeclared)
    refuse(turn, wish, { reason: "listen-failed", message: tooMany });
  else act(turn, { type: "open-listener", ...wishOf(wish) });
}

export function listenerOpened(turn: Turn, event: Extract<Event, { type: "listener-opened" }>): void {
  const generation = findGeneration(turn.state, event.generation);
  if (!event.result.ok) {
    refuse(turn, event, event.result.failure);
    return;
  }
  const listener = event.result.value;
  const { listeners, nextListener } = turn.state;
  update(turn, {
    listeners: [...listeners, listener],
    nextListener: Math.max(nextListener, listener.id + 1),
  });
  if (generation === undefined) return;
  use(turn, generation, listener, event);
  const worker = nameWorker(event);
  const what = `worker ${worker} listens on ${listener.address}, which is not in the config`;
  announce(
    turn,
    "warning",
    "listener-undeclared",
    `${what}: the address goes from generation to generation; declare it, as [listeners.NAME] with address = "${listener.address}"`,
    { generation: generation.id, worker },
  );
}

const tooMany = `${mostUndeclared} addresses that no config names are held for this service already; declare those that it needs in [listeners]`;

function findHeld({ state }: Turn, { address }: ListenerWish): Listener | undefined {
  return state.listeners.find((listener) => listener.address === address);
}

function use(turn: Turn, { id, listeners }: Generation, listener: Listener, wish: ListenerWish): void {
  if (!listeners.includes(listener.id))
    updateGeneration(turn, id, { listeners: [...listeners, listener.id] });
  act(turn, { type: "give-listener", ...wishOf(wish), result: succeed(listener) });
}

function refuse(turn: Turn, wish: ListenerWish, { reason, message }: ModelFailure): void {
  act(turn, { type: "give-listener", ...wishOf(wish), result: fail(reason, message) });
}

function wishOf({ generation, index, request, address }: ListenerWish): ListenerWish {
  return { generation, index, request, address };
}
