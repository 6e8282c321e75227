import { writeSync } from "node:fs";
import type { Watcher } from "../linux/epoll.js";
import { closeFd } from "../linux/fd.js";

/** What a daemon says to the one whose place it takes, on the fd named `holdfast.predecessor`. */
export const readyLine = "ready\n";

/**
 * The daemon that gave this one its fds and waits to see it recovered. It has stopped acting. It ends when it hears `ready`,
 * and takes everything back when this process ends before.
 */
export class Predecessor {
  readonly #fd: number;
  readonly #watcher: Watcher;

  /** `onGone`: it has ended, whatever it was told; this daemon is the only one. */
  constructor(fd: number, watcher: Watcher, onGone: () => void) {
    this.#fd = fd;
    this.#watcher = watcher;
    // It never says anything: what there is to read is the end.
    watcher.watch(fd, () => {
      this.release();
      onGone();
    });
  }

  /** This daemon has recovered. */
  ready(): void {
    try {
      writeSync(this.#fd, readyLine);
    } catch {
      // It has ended meanwhile, as is noticed by reading.
    }
  }

  release(): void {
    this.#watcher.unwatch(this.#fd);
    closeFd(this.#fd);
  }
}
