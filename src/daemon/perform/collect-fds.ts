import { type Failure, fail, type Result, succeed } from "../../lib/failure.js";
import type { HeldListeners } from "../../listeners/held-listeners.js";
import type { Generation } from "../../model/generation-state.js";
import type { State } from "../../model/state.js";

/** A listener as it is passed to a process. */
export interface NamedFd {
  readonly fd: number;
  readonly name: string;
  readonly address: string;
}

/** What the workers of a generation are passed, in that order: not what their apps ask for. Fails with `listener-lost`. */
export function collectFds(
  generation: Generation,
  state: State,
  listeners: HeldListeners,
): Result<NamedFd[], Failure<"listener-lost">> {
  const fds: NamedFd[] = [];
  for (const id of generation.listeners) {
    const listener = state.listeners.find((one) => one.id === id);
    const fd = listeners.fdOf(id);
    if (listener === undefined || fd === undefined) {
      const what = `cannot start a worker of generation ${generation.id}: one of its listeners is lost`;
      return fail("listener-lost", `${what}; upgrade to open it again`);
    }
    if (listener.origin === "app") continue;
    fds.push({ fd, name: listener.name, address: listener.address });
  }
  return succeed(fds);
}
