import { peekDatagram, receiveDatagram } from "../linux/datagram.js";
import type { Watcher } from "../linux/epoll.js";
import { closeFd } from "../linux/fd.js";
import type { Slot } from "../model/event.js";
import { type NotifyMessage, parseNotifyMessage } from "./notify-message.js";

/** So that a flood of datagrams leaves the loop time for everything else. */
const mostPerTurn = 64;

export interface NotifyInboxOptions {
  readonly fd: number;
  readonly watcher: Watcher;
  readonly ownerOf: (pid: number) => { readonly slot: Slot; readonly pid: number } | undefined;
  readonly onMessage: (slot: Slot, pid: number, message: NotifyMessage) => void;
  /** Told at the first datagram that is dropped, and at each tenfold of their number. */
  readonly onDropped: (count: number, why: string) => void;
}

/** The NOTIFY_SOCKET of the workers. Who is no worker, nor the child of one, is not listened to. */
export class NotifyInbox {
  readonly #options: NotifyInboxOptions;
  #dropped = 0;

  constructor(options: NotifyInboxOptions) {
    this.#options = options;
    options.watcher.watch(options.fd, () => this.receive());
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Reads no more: what waits is the next daemon's. */
  release(): void {
    this.#options.watcher.unwatch(this.#options.fd);
    closeFd(this.#options.fd);
  }

  /** Takes what waits; called by itself whenever something does. */
  receive(): void {
    for (let count = 0; count < mostPerTurn; count += 1) {
      const datagram = peekDatagram(this.#options.fd);
      if (datagram === undefined) return;
      for (const fd of datagram.fds) closeFd(fd);
      this.#take(datagram.bytes, datagram.truncated, datagram.sender?.pid);
      this.#discard();
    }
  }

  /**
   * Only what has been taken leaves the queue, for nobody says READY=1 twice: what a daemon did not live to write
   * down is there for the next one. systemd-notify --ready waits until its BARRIER=1 fd is closed, which is here.
   */
  #discard(): void {
    for (const fd of receiveDatagram(this.#options.fd)?.fds ?? []) closeFd(fd);
  }

  #take(bytes: Buffer, truncated: boolean, pid: number | undefined): void {
    const owner = pid === undefined ? undefined : this.#options.ownerOf(pid);
    const message = truncated ? undefined : parseNotifyMessage(bytes);
    if (owner === undefined) {
      this.#drop(`process ${pid ?? "unknown"} is no worker`);
    } else if (message === undefined) {
      this.#drop(`process ${pid} sent ${bytes.length} bytes that are no sd_notify message`);
    } else {
      if (message.mainPid) this.#drop(`process ${pid} asked for another MAINPID, which is refused`);
      this.#options.onMessage(owner.slot, owner.pid, message);
    }
  }

  #drop(why: string): void {
    this.#dropped += 1;
    if (Number.isInteger(Math.log10(this.#dropped))) this.#options.onDropped(this.#dropped, why);
  }
}
