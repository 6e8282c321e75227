import type { StateEntry } from "../../channel/worker-messages.js";
import { closeFd } from "../../linux/fd.js";
import { inspectSocket } from "../../linux/socket.js";
import { storeFds } from "../../systemd/fd-store.js";
import type { Frozen } from "../carriers/carrier.js";
import type { Served } from "../carriers/served-carrier.js";
import { type ParcelHead, packParcel } from "./parcel.js";
import { connectionFdName, parcelFdName } from "./stored-fds.js";

/** A connection taken out of its server. */
export interface Held {
  readonly served: Served;
  readonly frozen: Frozen;
}

/** The app's values; `bytes` as the entries say. */
export interface LeftState {
  readonly entries: readonly StateEntry[];
  readonly bytes: Buffer;
}

/** At most SCM_MAX_FD of the kernel, which is 253. */
const batch = 250;

/**
 * Puts the connections and one parcel with all else into the fd store, for the next process of the service. Returns
 * how many connections systemd was asked to keep; this process's own fds are closed in any case.
 */
export function leaveBehind(held: readonly Held[], state: LeftState): number {
  const kept: Held[] = [];
  for (let at = 0; at < held.length; at += batch) {
    const part = held.slice(at, at + batch);
    const fds = part.map(({ frozen }) => frozen.fd);
    if (storeFds(fds, connectionFdName)) kept.push(...part);
  }
  if (kept.length > 0 || state.entries.length > 0) {
    const head: ParcelHead = { connections: kept.map(describe), state: [...state.entries] };
    const residual = kept.flatMap(({ frozen }) => [frozen.input, frozen.output]);
    const parcel = packParcel({ head, bytes: Buffer.concat([...residual, state.bytes]) });
    storeFds([parcel], parcelFdName);
    closeFd(parcel);
  }
  for (const { frozen } of held) closeFd(frozen.fd);
  return kept.length;
}

function describe({ served: { listener, carrier }, frozen }: Held): ParcelHead["connections"][number] {
  const { fd, meta, input, output } = frozen;
  return {
    socket: inspectSocket(fd)?.id ?? "",
    kind: carrier.kind,
    listener,
    meta,
    inputBytes: input.length,
    outputBytes: output.length,
  };
}
