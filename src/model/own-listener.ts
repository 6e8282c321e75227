import type { Generation } from "./generation-state.js";
import type { ListenerDeclaration } from "./plan.js";
import type { Listener, State } from "./state.js";

/**
 * Port 0: each generation has a socket of its own there, which no other one's workers have. So who connects to it asks that generation
 * alone, be it a candidate, on trial or active.
 */
export function isOwn({ address }: ListenerDeclaration): boolean {
  return address?.kind === "tcp" && address.port === 0;
}

/** The first of the generation's own; undefined where its config names none, or it is lost. */
export function ownListener({ listeners }: Generation, state: State): Listener | undefined {
  const used = listeners.map((id) => state.listeners.find((one) => one.id === id));
  return used.find((one) => one?.origin === "own");
}

/** Whether a listener goes from generation to generation as the config declares it. */
export function isHandedOn({ origin }: Pick<Listener, "origin">): boolean {
  return origin !== "app" && origin !== "own";
}
