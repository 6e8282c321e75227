import { readdirSync, rmSync } from "node:fs";
import { type Failure, fail, messageOf, type Result, succeed } from "../lib/failure.js";
import { bindDatagram } from "../linux/datagram.js";
import type { Watcher } from "../linux/epoll.js";
import { closeFd, duplicateFd } from "../linux/fd.js";
import { makePassable } from "../linux/own-folder.js";
import type { Slot } from "../model/event.js";
import { nameWorker } from "../model/turn.js";
import { NotifyInbox } from "./notify-inbox.js";
import type { NotifyMessage } from "./notify-message.js";

export interface NotifySocketsOptions {
  /** Of the sockets' files, one for each worker, called like it. */
  readonly directory: string;
  readonly watcher: Watcher;
  readonly storeSocket: (slot: Slot, fd: number) => void;
  readonly removeSocket: (slot: Slot) => void;
  /** The worker that a process is or descends from, as far as that can be told. */
  readonly ownerOf: (pid: number) => { readonly slot: Slot } | undefined;
  readonly onMessage: (slot: Slot, message: NotifyMessage) => void;
  /** A process of the worker wants what was passed to it; the channel is the receiver's. */
  readonly onConnect: (slot: Slot, channel: number) => void;
  /** Told at the first datagram that is dropped, and at each tenfold of their number. */
  readonly onDropped: (count: number, why: string) => void;
}

/** The one socket that all workers had once, in daemons before each had its own. */
export interface CommonSocket {
  readonly fd: number;
  /** Who was started with it; it is needed until the last of them has ended. */
  readonly workers: readonly Slot[];
  readonly onUnused: () => void;
}

/**
 * The NOTIFY_SOCKETs of the workers, each with a path of its own: the path says for whom somebody speaks, be it the worker, a child of
 * it, or a process of root's or the daemon's user from which no ancestry leads back to it, as that of a container. Nobody else is listened to,
 * so that the sockets of a daemon that is root may be open to all, for its workers may run as anybody.
 */
export class NotifySockets {
  readonly #inboxes = new Map<string, NotifyInbox>();
  readonly #options: NotifySocketsOptions;
  #common: { readonly inbox: NotifyInbox; readonly left: Set<string>; readonly end: () => void } | undefined;
  #dropped = 0;

  constructor(options: NotifySocketsOptions) {
    this.#options = options;
  }

  get dropped(): number {
    return this.#dropped;
  }

  pathOf(slot: Slot): string {
    return `${this.#options.directory}/${nameWorker(slot)}`;
  }

  has(slot: Slot): boolean {
    return this.#inboxes.has(nameWorker(slot));
  }

  /** For a worker about to be started, or one whose socket has been lost; returns its path. What is there is left over. */
  open(slot: Slot): Result<string, Failure<"notify-socket-failed">> {
    const path = this.pathOf(slot);
    try {
      makePassable(this.#options.directory);
      this.forget(slot);
      rmSync(path, { force: true });
      this.adopt(slot, bindDatagram(path, process.geteuid?.() === 0 ? 0o666 : 0o600));
      return succeed(path);
    } catch (error) {
      const what = `cannot open the notify socket of worker ${nameWorker(slot)}`;
      return fail("notify-socket-failed", `${what}: ${messageOf(error)}`);
    }
  }

  /** The socket of a worker that an earlier daemon has started. It is closed where it cannot be kept. */
  adopt(slot: Slot, fd: number): void {
    try {
      this.#options.storeSocket(slot, fd);
      this.#inboxes.set(nameWorker(slot), this.#watch(slot, fd));
    } catch (error) {
      this.#options.removeSocket(slot);
      closeFd(fd);
      throw error;
    }
  }

  #watch(slot: Slot, fd: number): NotifyInbox {
    const name = nameWorker(slot);
    return new NotifyInbox({
      fd,
      watcher: this.#options.watcher,
      onMessage: (message, sender, fds) => {
        const pid = sender?.pid;
        const speaker = pid === undefined ? undefined : this.#options.ownerOf(pid);
        const isOurs = sender === undefined || sender.uid === 0 || sender.uid === process.geteuid?.();
        if (speaker === undefined ? isOurs : nameWorker(speaker.slot) === name) {
          this.#take(slot, message, pid, fds);
        } else {
          const whose = speaker === undefined ? `user ${sender?.uid}` : `worker ${nameWorker(speaker.slot)}`;
          this.#drop(`process ${pid} of ${whose} spoke for worker ${name}`);
        }
      },
    });
  }

  /** Who speaks on it is told by ancestry alone. */
  adoptCommon({ fd, workers, onUnused }: CommonSocket): void {
    const inbox = new NotifyInbox({
      fd,
      watcher: this.#options.watcher,
      onMessage: (message, sender, fds) => {
        const pid = sender?.pid;
        const speaker = pid === undefined ? undefined : this.#options.ownerOf(pid);
        if (speaker === undefined) this.#drop(`process ${pid ?? "unknown"} is no worker`);
        else this.#take(speaker.slot, message, pid, fds);
      },
    });
    this.#common = { inbox, left: new Set(workers.map(nameWorker)), end: onUnused };
    this.#endCommon();
  }

  /** Removes the files that are left over from workers that ended while there was no daemon. */
  sweep(): void {
    const { directory } = this.#options;
    makePassable(directory);
    const strays = readdirSync(directory).filter((name) => !this.#inboxes.has(name));
    for (const name of strays) rmSync(`${directory}/${name}`, { force: true });
  }

  /** Takes what a worker that has ended still had to say. */
  hearOut(slot: Slot): void {
    this.#inboxes.get(nameWorker(slot))?.receive();
    this.#common?.inbox.receive();
  }

  /** Takes what waits for all of them. */
  hearAll(): void {
    for (const inbox of [...this.#inboxes.values()]) inbox.receive();
    this.#common?.inbox.receive();
  }

  forget(slot: Slot): void {
    const name = nameWorker(slot);
    const inbox = this.#inboxes.get(name);
    if (inbox !== undefined) {
      this.#inboxes.delete(name);
      inbox.release();
      this.#options.removeSocket(slot);
      rmSync(this.pathOf(slot), { force: true });
    }
    if (this.#common?.left.delete(name)) this.#endCommon();
  }

  /** Lets go of all of them; what waits is the next daemon's. */
  release(): void {
    for (const inbox of this.#inboxes.values()) inbox.release();
    this.#inboxes.clear();
    this.#common?.inbox.release();
    this.#common = undefined;
  }

  #endCommon(): void {
    if (this.#common === undefined || this.#common.left.size > 0) return;
    const { inbox, end } = this.#common;
    this.#common = undefined;
    inbox.release();
    end();
  }

  #take(
    slot: Slot,
    message: NotifyMessage | undefined,
    pid: number | undefined,
    [channel]: readonly number[],
  ): void {
    if (message?.connect && channel !== undefined) this.#options.onConnect(slot, duplicateFd(channel));
    else if (message !== undefined) this.#options.onMessage(slot, message);
    else this.#drop(`what process ${pid} said for worker ${nameWorker(slot)} is no sd_notify message`);
  }

  #drop(why: string): void {
    this.#dropped += 1;
    if (Number.isInteger(Math.log10(this.#dropped))) this.#options.onDropped(this.#dropped, why);
  }
}
