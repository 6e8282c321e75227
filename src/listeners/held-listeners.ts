import { formatAddress } from "../lib/address.js";
import { type Failure, fail, type Result, succeed } from "../lib/failure.js";
import { readBacklog } from "../linux/backlog.js";
import { closeFd } from "../linux/fd.js";
import { type ListenFailure, openListener, setBacklog, usualBacklog } from "../linux/listener.js";
import { inspectSocket } from "../linux/socket.js";
import { identifySocketFile, removeSocketFile, type SocketFileFailure } from "../linux/socket-file.js";
import type { Prepared } from "../model/event.js";
import { isOwn } from "../model/own-listener.js";
import type { ListenerDeclaration, Specification } from "../model/plan.js";
import type { Generation, Listener } from "../model/state.js";
import { chooseListener, impliedDeclarations } from "./choose.js";
import { applyModes, ownFile, rehearseMode } from "./socket-modes.js";

export type ListenersFailure = ListenFailure | SocketFileFailure | Failure<"listener-missing">;

/** Where listeners are kept for the next daemon: the fd store under systemd. */
export interface FdKeeper {
  store(fd: number, name: string): void;
  /** Removes every fd of that name. */
  remove(name: string): void;
}

/** The sockets behind the state's listeners. */
export class HeldListeners {
  readonly #fds = new Map<number, number>();
  readonly #unstored = new Set<number>();
  readonly #keeper: FdKeeper;
  readonly #warn: (message: string) => void;

  constructor(keeper: FdKeeper, warn: (message: string) => void) {
    this.#keeper = keeper;
    this.#warn = warn;
  }

  hold({ id, name }: Listener, fd: number): void {
    this.#fds.set(id, fd);
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
   * The listeners of a new generation: held ones where they fit, else opened. What was opened before a failure stays
   * held; the model closes what no generation uses. Fails as `openListener` does, or with `listener-missing` or
   * `mode-refused`.
   */
  reconcile(
    specification: Specification,
    held: readonly Listener[],
    nextId: number,
  ): Result<Omit<Prepared, "version" | "commit">, ListenersFailure> {
    const declarations = specification.listeners ?? impliedDeclarations(held);
    const all = [...held];
    const listeners: number[] = [];
    let id = nextId;
    for (const declaration of declarations) {
      const choice = chooseListener(declaration, all);
      if (choice.kind === "held") {
        if (choice.warning !== null) this.#warn(choice.warning);
        for (const chosen of choice.listeners) {
          const rehearsed = rehearseMode(declaration, chosen);
          if (!rehearsed.ok) {
            this.#dropOpened(all, nextId);
            return rehearsed;
          }
          all[all.indexOf(chosen)] = { ...chosen, backlog: declaration.backlog ?? chosen.backlog };
          listeners.push(chosen.id);
        }
        continue;
      }
      const opened = this.open(declaration, id);
      if (!opened.ok) {
        this.#dropOpened(all, nextId);
        return opened;
      }
      all.push(opened.value);
      listeners.push(id);
      id += 1;
    }
    this.#reportUndeclared(declarations, all);
    return succeed({ specification, held: all, listeners });
  }

  open(declaration: ListenerDeclaration, id: number): Result<Listener, ListenersFailure> {
    const { name, address, mode } = declaration;
    if (address === null) {
      const what = `cannot get the listener ${name}: it has no \`address\` in the config and systemd passes no socket of that name`;
      return fail(
        "listener-missing",
        `${what}; add an address, or FileDescriptorName=${name} to the socket unit`,
      );
    }
    const backlog = declaration.backlog ?? usualBacklog;
    const opened = openListener(address, { backlog, ...(mode === null ? {} : { mode }) });
    if (!opened.ok) return opened;
    const facts = inspectSocket(opened.value);
    const file = address.kind === "unix" ? identifySocketFile(address.path) : undefined;
    const listener: Listener = {
      id,
      name,
      // Which port the kernel has chosen.
      address: isOwn(declaration) ? (facts?.address ?? "") : formatAddress(address),
      inode: facts?.id ?? "",
      file: file ?? null,
      origin: "bound",
      backlog,
    };
    this.#fds.set(id, opened.value);
    this.#unstored.add(id);
    return succeed(listener);
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
    this.#fds.delete(listener.id);
    this.#unstored.delete(listener.id);
    this.#keeper.remove(listener.name);
    for (const { id, name } of others) {
      const kept = this.#fds.get(id);
      if (name === listener.name && kept !== undefined) this.#keeper.store(kept, name);
    }
    closeFd(fd);
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
    for (const { message } of applyModes(specification.listeners ?? [], used)) this.#warn(message);
  }

  backlogOf(id: number): { readonly queued: number; readonly limit: number } | null {
    const fd = this.#fds.get(id);
    const backlog = fd === undefined ? undefined : readBacklog(fd);
    return backlog?.seen === "length" ? { queued: backlog.queued, limit: backlog.limit } : null;
  }

  /** Lets go of all of them; what is kept elsewhere stays open. */
  release(): void {
    for (const fd of this.#fds.values()) closeFd(fd);
    this.#fds.clear();
  }

  #dropOpened(listeners: readonly Listener[], fromId: number): void {
    const opened = listeners.filter(({ id }) => id >= fromId);
    const kept = listeners.filter(({ id }) => id < fromId);
    for (const listener of opened) this.close(listener, kept);
  }

  #reportUndeclared(declarations: readonly ListenerDeclaration[], held: readonly Listener[]): void {
    const names = new Set(declarations.map(({ name }) => name));
    for (const { name, address } of held) {
      if (names.has(name)) continue;
      this.#warn(
        `listener ${name} (${address}) is declared by nobody and will be closed; declare it as [listeners.${name}]`,
      );
    }
  }
}
