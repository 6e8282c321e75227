import { parseAddress } from "../lib/address.js";
import { type Result, succeed } from "../lib/failure.js";
import { rehearseSocketMode, type SocketFileFailure, setSocketMode } from "../linux/socket-file.js";
import type { ListenerDeclaration } from "../model/plan.js";
import type { Listener } from "../model/state.js";

/** The path of the file that this listener made, and which file that is; undefined when systemd made it, or none is. */
export function ownFile({
  origin,
  address,
  file,
}: Listener): readonly [path: string, file: string] | undefined {
  const parsed = parseAddress(address);
  const opened = origin === "bound" || origin === "app";
  if (!opened || file === null || !parsed.ok || parsed.value.kind !== "unix") return undefined;
  return [parsed.value.path, file];
}

/** Whether `applyModes` will be able to give a held listener's file its declared mode. Fails with `mode-refused`. */
export function rehearseMode(
  { mode }: ListenerDeclaration,
  listener: Listener,
): Result<void, SocketFileFailure> {
  const own = mode === null ? undefined : ownFile(listener);
  const result = own === undefined ? succeed(undefined) : rehearseSocketMode(...own);
  // Nothing that a refusal would put right: whoever removed the file has cut clients off already.
  return result.ok || result.failure.reason === "socket-file-lost" ? succeed(undefined) : result;
}

/** Gives the files of the daemon's own unix sockets the modes that are declared now; returns what went wrong. */
export function applyModes(
  declarations: readonly ListenerDeclaration[],
  listeners: readonly Listener[],
): readonly SocketFileFailure[] {
  return listeners.flatMap((listener) => {
    const mode = declarations.find(({ name }) => name === listener.name)?.mode ?? null;
    const own = mode === null ? undefined : ownFile(listener);
    if (mode === null || own === undefined) return [];
    const result = setSocketMode(...own, mode);
    return result.ok ? [] : [result.failure];
  });
}
