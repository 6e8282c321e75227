import koffi from "koffi";
import {
  addToEpoll,
  allocateEvents,
  createEpoll,
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLRDHUP,
  readEpoll,
  removeFromEpoll,
} from "./epoll-calls.js";
import { closeFd } from "./fd.js";
import { orThrow } from "./ffi.js";

/** Told of at most so many at a time, so that others get their turn of the loop. */
const batch = 64;

/** An fd that has something to read. */
export interface Readable {
  readonly fd: number;
  /** The peer has ended what it sends, or the connection is broken; there may be something to read before that. */
  readonly ended: boolean;
}

/**
 * Tells which of very many sockets have something to read. Beside the kernel's own it takes no memory for a socket, and no time while
 * nothing happens; the process is held up as long as one is in it. Level-triggered: what stays in it is told again in the next turn of the loop. epoll(7).
 */
export class ReadableSet {
  readonly #epollFd = createEpoll();
  readonly #events = allocateEvents(batch);
  readonly #onReadable: (readable: readonly Readable[]) => void;
  /** See Watcher, which has reasons for one handle and for the immediate. */
  readonly #handle = koffi.node.poll(this.#epollFd, () => setImmediate(() => this.#tell()));
  #size = 0;
  #closed = false;

  /** Of what has been removed by an earlier one of the same call it may still tell. */
  constructor(onReadable: (readable: readonly Readable[]) => void) {
    this.#onReadable = onReadable;
    this.#handle.unref();
  }

  /** False where the kernel does not take it: it is no socket, or there is no room. */
  add(fd: number): boolean {
    if (addToEpoll(this.#epollFd, fd, EPOLLIN | EPOLLRDHUP) < 0) return false;
    if (this.#size === 0) this.#handle.ref();
    this.#size += 1;
    return true;
  }

  /** One that was added, before it is closed or leaves this process. */
  remove(fd: number): void {
    orThrow(`watch fd ${fd} no more`, removeFromEpoll(this.#epollFd, fd));
    this.#size -= 1;
    if (this.#size === 0) this.#handle.unref();
  }

  /** Tells nothing more; what is in it stays open. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#handle.close();
    closeFd(this.#epollFd);
  }

  #tell(): void {
    if (this.#closed) return;
    const events = readEpoll(this.#epollFd, this.#events);
    if (events.length > 0) this.#onReadable(events.map(toReadable));
  }
}

function toReadable({ fd, events }: { readonly fd: number; readonly events: number }): Readable {
  return { fd, ended: (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) !== 0 };
}
