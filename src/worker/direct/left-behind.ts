import { closeFd } from "../../linux/fd.js";
import { inspectSocket } from "../../linux/socket.js";
import { removeFd } from "../../systemd/fd-store.js";
import type { Frozen } from "../carriers/carrier.js";
import type { Served } from "../carriers/served-carrier.js";
import type { LeftState } from "./leave-behind.js";
import { type Parcel, type ParcelHead, unpackParcel } from "./parcel.js";
import { connectionFdName, parcelFdName, type StoredFds } from "./stored-fds.js";

interface Waiting {
  readonly kind: ParcelHead["connections"][number]["kind"];
  readonly listener: string;
  readonly frozen: Frozen;
}

/** What the last process of the service has left: connections that wait for their server, and the app's values. */
export class LeftBehind {
  readonly #report: (problem: string) => void;
  readonly #came: boolean;
  /** Until the first is taken in, the fd store has copies of all, for a process that starts after a crash of this one. */
  #inStore: boolean;
  #waiting: Waiting[] = [];
  #state: LeftState | undefined;

  constructor({ connections, parcels }: StoredFds, report: (problem: string) => void) {
    this.#report = report;
    this.#came = connections.length + parcels.length > 0;
    this.#inStore = this.#came;
    const parcel = this.#readFirst(parcels);
    parcels.forEach(closeFd);
    const unnamed = this.#match(parcel, connections);
    unnamed.forEach(closeFd);
    if (unnamed.length > 0)
      report(`${unnamed.length} connections of the last process were closed: nothing is known of them`);
  }

  /** The app's values, once. */
  takeState(): LeftState | undefined {
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
  adopt(served: readonly Served[]): number {
    let adopted = 0;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) {
      const owner = served.find(({ listener, carrier }) => {
        return listener === one.listener && carrier.kind === one.kind;
      });
      if (owner === undefined) this.#waiting.push(one);
      else if (this.#putInto(owner, one.frozen)) adopted += 1;
    }
    return adopted;
  }

  /** Closes connections that no server wants. */
  close(): void {
    const waiting = this.#waiting.splice(0);
    for (const { frozen } of waiting) closeFd(frozen.fd);
    if (waiting.length === 0) return;
    const listeners = [...new Set(waiting.map(({ listener }) => listener))].join(", ");
    this.#report(`${waiting.length} connections of the last process were closed: nobody serves ${listeners}`);
  }

  #putInto({ listener, carrier }: Served, frozen: Frozen): boolean {
    try {
      carrier.adopt(frozen);
      return true;
    } catch (error) {
      this.#report(`a connection of ${listener} was closed: ${String(error)}`);
      return false;
    }
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
    let at = 0;
    let missing = 0;
    for (const { socket, kind, listener, meta, inputBytes, outputBytes } of head.connections) {
      const input = bytes.subarray(at, at + inputBytes);
      const output = bytes.subarray(at + inputBytes, at + inputBytes + outputBytes);
      at += inputBytes + outputBytes;
      const fd = sockets.get(socket);
      if (fd === undefined) missing += 1;
      else this.#waiting.push({ kind, listener, frozen: { fd, meta, input, output } });
      sockets.delete(socket);
    }
    if (missing > 0) this.#report(`${missing} connections of the last process did not arrive`);
    if (head.state.length > 0) this.#state = { entries: head.state, bytes: bytes.subarray(at) };
    return [...rest, ...sockets.values()];
  }
}
