import { bindDatagram, receiveDatagram } from "../../../src/linux/datagram.js";
import type { Watcher } from "../../../src/linux/epoll.js";
import { closeFd } from "../../../src/linux/fd.js";
import type { FdStore } from "./fd-store.js";

/** The manager's end of sd_notify(3). */
export class NotifySocket implements Disposable {
  readonly path: string;
  readonly #fd: number;
  readonly #watcher: Watcher;
  readonly #store: FdStore;
  readonly #onAssignment: (key: string, value: string) => void;

  constructor(
    path: string,
    watcher: Watcher,
    store: FdStore,
    onAssignment: (key: string, value: string) => void,
  ) {
    this.path = path;
    this.#store = store;
    this.#watcher = watcher;
    this.#onAssignment = onAssignment;
    this.#fd = bindDatagram(path);
    watcher.watch(this.#fd, () => this.receive());
  }

  /** Takes all that has arrived: also what a daemon sent that is dead by now. */
  receive(): void {
    for (;;) {
      const datagram = receiveDatagram(this.#fd);
      if (datagram === undefined) return;
      this.#take(datagram.bytes.toString("utf8"), datagram.fds);
    }
  }

  [Symbol.dispose](): void {
    this.#watcher.unwatch(this.#fd);
    closeFd(this.#fd);
  }

  #take(text: string, fds: readonly number[]): void {
    const assignments = text.split("\n").flatMap((line): [string, string][] => {
      const at = line.indexOf("=");
      return at < 1 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
    });
    const values = new Map(assignments);
    const name = values.get("FDNAME") ?? "stored";
    if (values.get("FDSTORE") === "1") for (const fd of fds) this.#store.add(name, fd);
    else for (const fd of fds) closeFd(fd);
    if (values.get("FDSTOREREMOVE") === "1") this.#store.remove(name);
    for (const [key, value] of assignments) this.#onAssignment(key, value);
  }
}
