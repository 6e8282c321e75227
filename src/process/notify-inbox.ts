import { closeForeign } from "../linux/close-foreign.js";
import { peekDatagram, receiveDatagram } from "../linux/datagram.js";
import type { Watcher } from "../linux/epoll.js";
import { closeFd } from "../linux/fd.js";
import type { Message } from "../linux/message.js";
import { type NotifyMessage, parseNotifyMessage } from "./notify-message.js";

/** So that a flood of datagrams leaves the loop time for everything else. */
const mostPerTurn = 64;

export interface NotifyInboxOptions {
  readonly fd: number;
  readonly watcher: Watcher;
  /** By a process, as far as the kernel could tell; undefined for what is no message. The fds are closed afterwards. */
  readonly onMessage: (
    message: NotifyMessage | undefined,
    sender: Message["sender"],
    fds: readonly number[],
  ) => void;
}

/** A socket that sd_notify(3) is spoken on. */
export class NotifyInbox {
  readonly #options: NotifyInboxOptions;
  #released = false;

  constructor(options: NotifyInboxOptions) {
    this.#options = options;
    options.watcher.watch(options.fd, () => this.receive());
  }

  /** Reads no more: what waits is the next daemon's. */
  release(): void {
    this.#released = true;
    this.#options.watcher.unwatch(this.#options.fd);
    closeFd(this.#options.fd);
  }

  /** Takes what waits; called by itself whenever something does. */
  receive(): void {
    for (let count = 0; count < mostPerTurn && !this.#released; count += 1) {
      const datagram = peekDatagram(this.#options.fd);
      if (datagram === undefined) return;
      const message = datagram.truncated ? undefined : parseNotifyMessage(datagram.bytes);
      this.#options.onMessage(message, datagram.sender, datagram.fds);
      datagram.fds.forEach(closeForeign);
      if (!this.#released) this.#discard();
    }
  }

  /**
   * Only what has been taken leaves the queue, for nobody says READY=1 twice: what a daemon did not live to write
   * down is there for the next one. systemd-notify --ready waits until its BARRIER=1 fd is closed, which is here.
   */
  #discard(): void {
    receiveDatagram(this.#options.fd)?.fds.forEach(closeForeign);
  }
}
