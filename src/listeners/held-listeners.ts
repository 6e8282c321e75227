import { type Address, formatAddress, leavesIPv4To, parseAddress } from "../lib/address.js";
import { type Failure, type Result, succeed } from "../lib/failure.js";
import { readBacklog } from "../linux/backlog.js";
import type { Watcher } from "../linux/epoll.js";
import { closeFd } from "../linux/fd.js";
import {
  type ListenFailure,
  type ListenOptions,
  listenAgain,
  openListener,
  setBacklog,
  usualBacklog,
} from "../linux/listener.js";
import { hasHungUp } from "../linux/poll.js";
import { inspectSocket, isStreamSocket } from "../linux/socket.js";
import {
  identifySocketFile,
  isFileGone,
  removeSocketFile,
  type SocketFileFailure,
} from "../linux/socket-file.js";
import type { Generation } from "../model/generation-state.js";
import { isOwn } from "../model/own-listener.js";
import type { ListenerDeclaration } from "../model/plan.js";
import type { Listener } from "../model/state.js";
import { applyModes, ownFile } from "./socket-modes.js";

export type ListenersFailure = ListenFailure | SocketFileFailure | Failure<"listener-missing">;

/** Where listeners are kept for the next daemon: the fd store under systemd. */
export interface FdKeeper {
  store(fd: number, name: string): void;
  /** Removes every fd of that name. */
  remove(name: string): void;
}

/** Tells when a socket has hung up. */
export type EndWatcher = Pick<Watcher, "watchEnd" | "unwatch">;

export interface HeldListenersOptions {
  /** The service's unit, after which its socket units are called. */
  readonly unit: string;
  readonly keeper: FdKeeper;
  readonly watcher: EndWatcher;
  readonly warn: (message: string) => void;
  /** A copy of a listener that a worker has opened itself; undefined when none has. */
  readonly takeFromWorkers: (address: string) => number | undefined;
  /** One of those that share it has shut the socket down, for all. */
  readonly onDown: (id: number) => void;
}

/** The sockets behind the state's listeners. */
export class HeldListeners {
  readonly #fds = new Map<number, number>();
  /** Opened since the last state was taken: nobody else knows them. */
  readonly #unstored = new Map<number, Listener>();
  readonly #watched = new Set<number>();
  readonly #keeper: FdKeeper;
  readonly #watcher: EndWatcher;
  readonly unit: string;
  readonly warn: (message: string) => void;
  readonly #takeFromWorkers: HeldListenersOptions["takeFromWorkers"];
  readonly #onDown: (id: number) => void;

  constructor({ unit, keeper, watcher, warn, takeFromWorkers, onDown }: HeldListenersOptions) {
    this.unit = unit;
    this.#keeper = keeper;
    this.#watcher = watcher;
    this.warn = warn;
    this.#takeFromWorkers = takeFromWorkers;
    this.#onDown = onDown;
  }

  hold({ id, name }: Listener, fd: number): void {
    this.#take(id, fd);
    this.#keeper.store(fd, name);
  }

  /**
   * Stores the listeners that were opened since, once the state knows them: what comes back from the fd store unknown
   * would be taken for the socket unit's.
   */
  storeOpened(known: readonly Listener[]): void {
    for (const { id, name } of known) {
      const fd = this.#fds.get(id);
      if (fd !== undefined && this.#unstored.delete(id)) this.#keeper.store(fd, name);
    }
  }

  /** Undefined for a listener that was lost and could not be opened again. */
  fdOf(id: number): number | undefined {
    return this.#fds.get(id);
  }

  /**
   * Opened, or copied from a worker that has opened it itself. `others` have or will have their addresses: `[::]` leaves IPv4 to those.
   * Fails as `openListener` does.
   */
  open(
    declaration: ListenerDeclaration & { readonly address: Address },
    id: number,
    others: readonly Address[],
  ): Result<Listener, ListenersFailure> {
    const { name, address, mode } = declaration;
    const backlog = declaration.backlog ?? usualBacklog;
    const ipv6Only = others.some((other) => leavesIPv4To(address, other));
    const opened = this.#openOrCopy(address, { backlog, ipv6Only, ...(mode === null ? {} : { mode }) });
    if (!opened.ok) return opened;
    const fd = opened.value;
    const facts = inspectSocket(fd);
    const file = address.kind === "unix" ? identifySocketFile(address.path) : undefined;
    const listener: Listener = {
      id,
      name,
      // Which port the kernel has chosen.
      address: isOwn(declaration) ? (facts?.address ?? "") : formatAddress(address),
      inode: facts?.id ?? "",
      file: file ?? null,
      origin: isOwn(declaration) ? "own" : "bound",
      backlog,
    };
    this.#take(id, fd);
    this.#unstored.set(id, listener);
    return succeed(listener);
  }

  #openOrCopy(address: Address, options: ListenOptions): Result<number, ListenFailure> {
    const opened = openListener(address, options);
    if (opened.ok || opened.failure.reason !== "address-in-use") return opened;
    const copy = this.#takeFromWorkers(formatAddress(address));
    if (copy === undefined) return opened;
    if (!this.#holds(copy)) return succeed(copy);
    closeFd(copy);
    return opened;
  }

  /** A listener has it already: its workers did not open it themselves. */
  #holds(fd: number): boolean {
    const inode = inspectSocket(fd)?.id;
    return [...this.#fds.values()].some((held) => inspectSocket(held)?.id === inode);
  }

  /** Under another name from now on. `others` of the old name stay stored. */
  rename(listener: Listener, name: string, others: readonly Listener[]): void {
    const fd = this.#fds.get(listener.id);
    if (fd === undefined) return;
    this.#forget(listener.name, others);
    this.#unstored.delete(listener.id);
    this.#keeper.store(fd, name);
  }

  /** The store removes by name. */
  #forget(name: string, others: readonly Listener[]): void {
    this.#keeper.remove(name);
    for (const other of others) {
      const kept = this.#fds.get(other.id);
      if (other.name === name && kept !== undefined) this.#keeper.store(kept, name);
    }
  }

  /**
   * Closes it and takes it from the fd store. A unix socket's file goes too, but only if it is the one the daemon made. `others`
   * of the same name are stored again, because the store removes by name.
   */
  close(listener: Listener, others: readonly Listener[]): void {
    const fd = this.#fds.get(listener.id);
    if (fd === undefined) return;
    const own = ownFile(listener);
    // First, for after the rest nobody would know any more that there is a file.
    if (own !== undefined) removeSocketFile(...own);
    this.#unwatch(fd);
    this.#fds.delete(listener.id);
    this.#unstored.delete(listener.id);
    this.#forget(listener.name, others);
    closeFd(fd);
  }

  /** Why no client can connect; null where clients can. */
  obstacleTo(listener: Listener): string | null {
    if (this.#hasHungUp(listener)) return "a process that shares it has shut it down for all";
    const parsed = parseAddress(listener.address);
    const path = parsed.ok && parsed.value.kind === "unix" ? parsed.value.path : undefined;
    if (path === undefined || !isFileGone(path)) return null;
    // The service may have a /tmp of its own.
    return listener.origin === "unit" && /^\/(var\/)?tmp\//.test(path) ? null : `the file ${path} is gone`;
  }

  #hasHungUp({ id }: Pick<Listener, "id">): boolean {
    const fd = this.#fds.get(id);
    return fd !== undefined && isStreamSocket(fd) && hasHungUp(fd);
  }

  /** Fails as `listenAgain` does. */
  revive({ id, address, backlog }: Listener): Result<void, Failure<"listener-down">> {
    const fd = this.#fds.get(id);
    const where = parseAddress(address);
    if (fd === undefined || !where.ok || !this.#hasHungUp({ id })) return succeed(undefined);
    const again = listenAgain(fd, where.value, backlog ?? usualBacklog);
    if (again.ok) this.#watch(id, fd);
    return again;
  }

  /** Workers may have set a backlog of their own on the shared socket (Node sets 511): puts the right one back. */
  restoreBacklogs(listeners: readonly Listener[]): void {
    for (const { id, backlog } of listeners) {
      const fd = this.#fds.get(id);
      if (fd !== undefined && backlog !== null && inspectSocket(fd)?.listening) setBacklog(fd, backlog);
    }
  }

  /** The modes of a generation's own socket files, once it is the active one. */
  applyModes({ specification, listeners }: Generation, held: readonly Listener[]): void {
    const used = held.filter(({ id }) => listeners.includes(id));
    for (const { message } of applyModes(specification.listeners ?? [], used)) this.warn(message);
  }

  backlogOf(id: number): { readonly queued: number; readonly limit: number } | null {
    const fd = this.#fds.get(id);
    const backlog = fd === undefined ? undefined : readBacklog(fd);
    return backlog?.seen === "length" ? { queued: backlog.queued, limit: backlog.limit } : null;
  }

  /** Lets go of all of them; what is kept elsewhere stays open. No file is left of one that no state knows. */
  release(): void {
    for (const listener of this.#unstored.values()) {
      const own = ownFile(listener);
      if (own !== undefined) removeSocketFile(...own);
    }
    this.#unstored.clear();
    for (const fd of this.#fds.values()) {
      this.#unwatch(fd);
      closeFd(fd);
    }
    this.#fds.clear();
  }

  #take(id: number, fd: number): void {
    this.#fds.set(id, fd);
    if (isStreamSocket(fd)) this.#watch(id, fd);
  }

  /** Said once: it would be said again and again as long as it is so. */
  #watch(id: number, fd: number): void {
    this.#watched.add(fd);
    this.#watcher.watchEnd(fd, () => {
      this.#unwatch(fd);
      this.#onDown(id);
    });
  }

  #unwatch(fd: number): void {
    if (this.#watched.delete(fd)) this.#watcher.unwatch(fd);
  }
}
