import { closeFd, duplicateFd } from "../linux/fd.js";
import type { FdKeeper } from "../listeners/held-listeners.js";
import { removeFd, storeFd } from "../systemd/fd-store.js";
import type { InheritedFd } from "../systemd/listen-fds.js";

/**
 * The named fds that the next daemon gets. Copies of them are kept here for one that this process starts, or that asks
 * for them; and where a service manager keeps fds, they are in its store too.
 */
export class KeptFds implements FdKeeper {
  readonly #kept: InheritedFd[] = [];
  #managed: boolean;

  /** `managed`: this process is known to the service manager, and what it stores is kept there. */
  constructor(managed: boolean) {
    this.#managed = managed;
  }

  store(fd: number, name: string): void {
    this.#kept.push({ fd: duplicateFd(fd), name });
    if (this.#managed) storeFd(fd, name);
  }

  /** Removes every fd of that name. */
  remove(name: string): void {
    const removed = this.#kept.filter((kept) => kept.name === name);
    for (const kept of removed) {
      this.#kept.splice(this.#kept.indexOf(kept), 1);
      closeFd(kept.fd);
    }
    if (this.#managed) removeFd(name);
  }

  /** The service manager listens from now on: it is given what has been stored until now. */
  manage(): void {
    this.#managed = true;
    for (const { fd, name } of this.#kept) storeFd(fd, name);
  }

  /** All that is kept, the caller's from now on; nothing is stored any more. */
  release(): readonly InheritedFd[] {
    return this.#kept.splice(0);
  }
}
