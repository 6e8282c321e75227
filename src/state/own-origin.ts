import { isOwn } from "../model/own-listener.js";
import type { Listener, State } from "../model/state.js";

/** Earlier daemons called a generation's own listener `bound`, as those that are handed on; its generation's config tells them apart. */
export function nameOwnListeners(state: State): State {
  const isDeclaredOwn = ({ id, name, origin }: Listener): boolean =>
    origin === "bound" &&
    state.generations.some(({ listeners, specification }) => {
      const declared = specification.listeners?.find((one) => one.name === name);
      return listeners.includes(id) && declared !== undefined && isOwn(declared);
    });
  const listeners = state.listeners.map((one) =>
    isDeclaredOwn(one) ? { ...one, origin: "own" as const } : one,
  );
  return { ...state, listeners };
}
