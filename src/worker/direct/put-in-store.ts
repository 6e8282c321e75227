import { closeFd } from "../../linux/fd.js";
import { inspectSocket } from "../../linux/socket.js";
import { storeFds } from "../../systemd/fd-store.js";
import type { SavedValues } from "../app-state/saved-values.js";
import { closeCopies } from "../moving-connections/adopt-connections.js";
import type { MovingConnection } from "../moving-connections/freeze-connections.js";
import { describeConnection, joinBytes } from "../moving-connections/pack-connections.js";
import { packParcel } from "./parcel.js";
import { connectionFdName, parcelFdName } from "./stored-fds.js";

/** At most SCM_MAX_FD of the kernel, which is 253. */
const batch = 250;

/**
 * Puts the connections and one parcel with all else into the fd store, for the next process of the service. Returns
 * how many connections systemd was asked to keep; this process's own fds are closed in any case.
 */
export function putInStore(connections: readonly MovingConnection[], state: SavedValues): number {
  const kept: MovingConnection[] = [];
  for (let at = 0; at < connections.length; at += batch) {
    const some = connections.slice(at, at + batch);
    const fds = some.map(({ frozen }) => frozen.fd);
    if (storeFds(fds, connectionFdName)) kept.push(...some);
  }
  if (kept.length > 0 || state.entries.length > 0) {
    const described = kept.map((one) => ({
      socket: inspectSocket(one.frozen.fd)?.id ?? "",
      ...describeConnection(one),
    }));
    const head = { connections: described, state: [...state.entries] };
    const parcel = packParcel({ head, bytes: Buffer.concat([joinBytes(kept), state.bytes]) });
    storeFds([parcel], parcelFdName);
    closeFd(parcel);
  }
  closeCopies(connections);
  return kept.length;
}
