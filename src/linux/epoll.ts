import koffi from "koffi";
import { HoldfastError } from "../lib/failure.js";
import {
  addToEpoll,
  allocateEvents,
  createEpoll,
  EPOLLIN,
  readEpoll,
  removeFromEpoll,
} from "./epoll-calls.js";
import { closeFd } from "./fd.js";
import { orThrow } from "./ffi.js";

const batch = 64;

/**
 * Tells when fds that Node cannot watch (pidfds, datagram sockets) have something to read; hang-up and error count
 * as readable. Level-triggered: a callback that leaves the fd readable is called again in the next turn of the loop.
 * Costs nothing while nothing happens. epoll(7).
 *
 * One epoll instance under one libuv handle for the whole life: koffi's poll handles abort the process when an
 * fd is closed or is not pollable, and this fd is neither.
 */
export class Watcher implements Disposable {
  readonly #epollFd: number;
  readonly #handle: ReturnType<typeof koffi.node.poll>;
  readonly #callbacks = new Map<number, () => void>();
  readonly #events = allocateEvents(batch);
  #closed = false;

  constructor() {
    this.#epollFd = createEpoll();
    // koffi calls back by napi_call_function, which promises nothing about ticks, promises and thrown errors
    // after it; an immediate runs in the same turn of the loop and in Node's own way.
    this.#handle = koffi.node.poll(this.#epollFd, () => setImmediate(() => this.#dispatch()));
  }

  /** The fd must be pollable (EPERM for a regular file), not watched already, and unwatched before it is closed. */
  watch(fd: number, onReadable: () => void): void {
    this.#add(fd, EPOLLIN, onReadable);
  }

  /** The same for hang-up and error alone, which the kernel tells unasked. */
  watchEnd(fd: number, onEnd: () => void): void {
    this.#add(fd, 0, onEnd);
  }

  #add(fd: number, events: number, callback: () => void): void {
    this.#assertOpen();
    orThrow(`watch fd ${fd}`, addToEpoll(this.#epollFd, fd, events));
    this.#callbacks.set(fd, callback);
  }

  /** The callback is not called any more. Throws for an fd that is not watched or was closed first. */
  unwatch(fd: number): void {
    this.#assertOpen();
    orThrow(`unwatch fd ${fd}`, removeFromEpoll(this.#epollFd, fd));
    this.#callbacks.delete(fd);
  }

  /** Holds the process up (the state at the start). */
  ref(): void {
    this.#assertOpen();
    this.#handle.ref();
  }

  /** Lets the process end although fds are watched. */
  unref(): void {
    this.#assertOpen();
    this.#handle.unref();
  }

  /** Ends all watching; the watched fds stay open. May be called twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#callbacks.clear();
    this.#handle.close();
    closeFd(this.#epollFd);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #dispatch(): void {
    if (this.#closed) return;
    const ready = readEpoll(this.#epollFd, this.#events).map(({ fd }) => ({
      fd,
      callback: this.#callbacks.get(fd),
    }));
    for (const { fd, callback } of ready) {
      // A callback before this one may have unwatched the fd, or put another in its place.
      if (callback === undefined || this.#callbacks.get(fd) !== callback) continue;
      try {
        callback();
      } catch (error) {
        process.nextTick(() => {
          throw error;
        });
      }
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new HoldfastError("watcher-closed", "cannot use a watcher that is closed");
  }
}
