import { closeFd } from "../../linux/fd.js";
import { inspectSocket } from "../../linux/socket.js";
import { removeFd } from "../../systemd/fd-store.js";
import type { SavedValues } from "../app-state/saved-values.js";
import type { ServedCarrier } from "../carriers/served-carrier.js";
import { adoptConnections, closeCopies, findServer } from "../moving-connections/adopt-connections.js";
import type { MovingConnection } from "../moving-connections/freeze-connections.js";
import {
  type ArrivedConnection,
  countBytes,
  unpackConnections,
} from "../moving-connections/pack-connections.js";
import { type Parcel, unpackParcel } from "./parcel.js";
import { connectionFdName, parcelFdName, type StoredFds } from "./stored-fds.js";

/** What the last process of the service has left: connections that wait for their server, and the app's values. */
export class FoundInStore {
  readonly #report: (problem: string) => void;
  /** Until the first is taken in, the fd store has copies of all, for a process that starts after a crash of this one. */
  #inStore: boolean;
  #waiting: ArrivedConnection[] = [];
  #state: SavedValues | undefined;

  constructor({ connections, parcels }: StoredFds, report: (problem: string) => void) {
    this.#report = report;
    this.#inStore = connections.length + parcels.length > 0;
    const parcel = this.#readFirst(parcels);
    parcels.forEach(closeFd);
    const unnamed = this.#match(parcel, connections);
    unnamed.forEach(closeFd);
    if (unnamed.length > 0)
      report(`${unnamed.length} connections of the last process were closed: nothing is known of them`);
  }

  /** The app's values, once. */
  takeState(): SavedValues | undefined {
    const state = this.#state;
    this.#state = undefined;
    return state;
  }

  /** Whether nothing was left, or what was left is this process's alone by now. */
  get settled(): boolean {
    return !this.#inStore;
  }

  /** From here on a crash of this process loses what it has taken in, and nothing is taken in twice. */
  takeOutOfStore(): void {
    if (!this.#inStore) return;
    this.#inStore = false;
    removeFd(connectionFdName);
    removeFd(parcelFdName);
  }

  /** Puts those connections into their servers whose servers are here; returns how many. */
  adopt(served: readonly ServedCarrier[]): number {
    const waiting = this.#waiting;
    this.#waiting = [];
    const owned: MovingConnection[] = [];
    for (const one of waiting) {
      const connection = findServer(served, one);
      if (connection === undefined) this.#waiting.push(one);
      else owned.push(connection);
    }
    return adoptConnections(owned, this.#report);
  }

  /** Closes connections that no server wants. */
  close(): void {
    const waiting = this.#waiting.splice(0);
    closeCopies(waiting);
    if (waiting.length === 0) return;
    const listeners = [...new Set(waiting.map(({ listener }) => listener))].join(", ");
    this.#report(`${waiting.length} connections of the last process were closed: nobody serves ${listeners}`);
  }

  #readFirst(parcels: readonly number[]): Parcel | undefined {
    for (const fd of parcels) {
      const parcel = unpackParcel(fd);
      if (parcel.ok) return parcel.value;
      this.#report(`cannot use what the last process left: ${parcel.failure.message}`);
    }
    return undefined;
  }

  /** Returns the fds that the parcel does not name. */
  #match(parcel: Parcel | undefined, fds: readonly number[]): number[] {
    if (parcel === undefined) return [...fds];
    const sockets = new Map<string, number>();
    const rest: number[] = [];
    for (const fd of fds) {
      const facts = inspectSocket(fd);
      if (facts?.type === "stream" && !facts.listening) sockets.set(facts.id, fd);
      else rest.push(fd);
    }
    const { head, bytes } = parcel;
    const { connections, state } = head;
    this.#waiting = unpackConnections(connections, bytes, ({ socket }) => {
      const fd = sockets.get(socket);
      sockets.delete(socket);
      return fd;
    });
    const missing = connections.length - this.#waiting.length;
    if (missing > 0) this.#report(`${missing} connections of the last process did not arrive`);
    if (state.length > 0) this.#state = { entries: state, bytes: bytes.subarray(countBytes(connections)) };
    return [...rest, ...sockets.values()];
  }
}
