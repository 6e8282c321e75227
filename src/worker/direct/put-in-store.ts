import { messageOf } from "../../lib/failure.js";
import { closeFd } from "../../linux/fd.js";
import { inspectSocket } from "../../linux/socket.js";
import { removeFd, storeFds } from "../../systemd/fd-store.js";
import type { SavedValues } from "../app-state/saved-values.js";
import { closeCopies } from "../moving-connections/adopt-connections.js";
import type { MovingConnection } from "../moving-connections/freeze-connections.js";
import { describeConnection, joinBytes } from "../moving-connections/pack-connections.js";
import { type Parcel, packParcel } from "./parcel.js";
import { connectionFdName, parcelFdName } from "./stored-fds.js";

/** At most SCM_MAX_FD of the kernel, which is 253. */
const batch = 250;

/**
 * Puts the connections and one parcel with all else into the fd store, for the next process of the service. Returns
 * how many connections systemd was asked to keep; this process's own fds are closed in any case. What this process cannot do, being out of fds,
 * is reported.
 */
export function putInStore(
  connections: readonly MovingConnection[],
  state: SavedValues,
  report: (problem: string) => void,
): number {
  const attempt = (what: string, ask: () => boolean): boolean => {
    try {
      return ask();
    } catch (error) {
      report(`cannot leave ${what} to the next process: ${messageOf(error)}`);
      return false;
    }
  };
  const kept: MovingConnection[] = [];
  for (let at = 0; at < connections.length; at += batch) {
    const some = connections.slice(at, at + batch);
    const fds = some.map(({ frozen }) => frozen.fd);
    if (attempt("connections", () => storeFds(fds, connectionFdName))) kept.push(...some);
  }
  const described = kept.map((one) => ({
    socket: inspectSocket(one.frozen.fd)?.id ?? "",
    ...describeConnection(one),
  }));
  const bytes = Buffer.concat([joinBytes(kept), state.bytes]);
  // First, for the parcel needs an fd as well.
  closeCopies(connections);
  if (kept.length === 0 && state.entries.length === 0) return 0;
  const head = { connections: described, state: [...state.entries] };
  if (attempt("the state", () => storeParcel({ head, bytes }))) return kept.length;
  // Without the parcel nobody knows whose they are.
  attempt("connections", () => removeFd(connectionFdName));
  return 0;
}

function storeParcel(parcel: Parcel): boolean {
  const fd = packParcel(parcel);
  try {
    return storeFds([fd], parcelFdName);
  } finally {
    closeFd(fd);
  }
}
